"""Every float16 there is, cast our way and NumPy's."""

import numpy as np
import pytest

from thuja.classify.halves import widen


@pytest.mark.parametrize("shape", [(65536, 1), (256, 256), (64, 1024)])
def test_every_half_comes_out_as_numpy_has_it(shape):
    """Subnormals, both noughts, both infinities and all that are no numbers among them."""
    halves = np.arange(65536, dtype=np.uint16).view(np.float16).reshape(shape)
    wide = widen(halves)
    assert wide.dtype == np.float32
    np.testing.assert_array_equal(wide, halves.astype(np.float32))
    np.testing.assert_array_equal(np.signbit(wide), np.signbit(halves))


def test_numbers_of_another_kind_or_order_are_cast_as_they_are():
    for array in (np.eye(3), np.eye(3, dtype=np.float32), np.eye(4, dtype=np.float16)[:, 1:], np.eye(3, dtype=">f2")):
        np.testing.assert_array_equal(widen(array), array.astype(np.float32))
    assert widen(np.zeros((0, 3), np.float16)).shape == (0, 3)
