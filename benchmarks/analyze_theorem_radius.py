"""The radius within which the second order of docs/theorem.md holds, on prototypes drawn at random: seconds.

    python benchmarks/analyze_theorem_radius.py

Isotropic deviations about every fifth of 100 prototypes in 64 dimensions; `near` prototypes lie some .5 apart, `far`
ones at right angles.
"""

import numpy as np

from thuja.analyze.theorem import certain_reach, losses, measure_radius

COUNT, WIDTH = 100, 64


def main() -> None:
    print(f"certain up to a reach w of {certain_reach():.3f}")
    print("prototypes, tau, p of others, limit of |delta|, of |delta| / tau, of w, second order there")
    drawn = _units(np.random.default_rng(0).standard_normal((COUNT, WIDTH)))
    kinds = {"far": drawn, "near": _units(np.eye(WIDTH)[0] + 0.4 * drawn)}
    generator = np.random.default_rng(1)
    for name, prototypes in kinds.items():
        for tau in (0.01, 0.03, 0.07, 0.1, 0.3, 1.0):
            rows = []
            for own in range(0, COUNT, 5):
                half = tau * _units(generator.standard_normal((64, WIDTH)))
                deviations, scales = np.concatenate([half, -half]), np.logspace(-2, 3, 80)
                found = measure_radius(prototypes[own], deviations, prototypes, tau=tau, scales=scales)
                wrong = -np.expm1(-losses(prototypes[own : own + 1], prototypes, [own], tau=tau)[0])
                sign = found.errors[int(np.argmax(np.abs(found.errors) > 0.1))]
                limits = np.array([tau * found.radius, found.radius, found.reach]) * found.limit
                rows.append((wrong, *limits, sign))
            wrong, length, ratio, reach, sign = np.median(np.array(rows), axis=0)
            side = "too low" if sign < 0 else "too high"
            print(f"{name}, {tau}, {wrong:.1e}, {length:.3f}, {ratio:.2f}, {reach:.2f}, {side}")


def _units(rows: np.ndarray) -> np.ndarray:
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


if __name__ == "__main__":
    main()
