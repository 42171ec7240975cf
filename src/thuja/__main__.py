"""`python -m thuja`, and `torchrun -m thuja`: the same as `thuja`."""

from thuja.cli.main import main

if __name__ == "__main__":
    main()
