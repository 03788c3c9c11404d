"""Handwritten digits, as a train set and a set that no training sees."""

from torch.nn.functional import avg_pool2d, pad

from gan_tutorial.data.empirical import Empirical
from gan_tutorial.data.files import stored

# from the stored pictures to each size: the file, its highest level, pixels added around, pooling
SIZES = {
    8: ("digits8", 16, 0, 1),
    14: ("digits28", 255, 0, 2),
    16: ("digits28", 255, 2, 2),
    28: ("digits28", 255, 0, 1),
}
HELD_OUT = {"digits8": 497, "digits28": 1000}  # the last rows of each file


def digits(size: int = 28) -> tuple[Empirical, Empirical]:
    """Return handwritten digits with their labels: the train set, and a held-out set.

    x = 2 · level / highest level - 1; ink is 1 and the background -1

    Both sets hold each class in the same shares, and never change. Size 8 is the set that comes
    with scikit-learn, 1300 pictures and 497 held out; the others are 4000 and 1000 of MNIST. The
    page on pictures says where they come from.

    Parameters
    ----------
    size
        Pixels a side: 8, 14, 16 or 28. MNIST has 28; 14 is the mean of each 2 × 2 of them, and 16
        the same with two pixels of background added on each side.

    Returns
    -------
    tuple
        Two targets: `x` of shape (rows, 1, size, size) in [-1, 1], `labels` from 0 to 9.

    Raises
    ------
    ValueError
        If there is no such size, or the stored file is missing or damaged.

    Source
    ------
    8: Alpaydin and Kaynak, "Cascading classifiers", Kybernetika 34 (1998). Others: LeCun, Bottou,
    Bengio and Haffner, "Gradient-based learning applied to document recognition" (1998).
    """
    if size not in list(SIZES):
        raise ValueError(f"digits have size 8, 14, 16 or 28, got {size!r}")
    name, highest, border, pool = SIZES[size]
    tables = stored(name)
    x = tables["levels"][:, None].float() * (2 / highest) - 1
    x = avg_pool2d(pad(x, [border] * 4, value=-1.0), pool)
    labels, train = tables["labels"].long(), len(x) - HELD_OUT[name]
    return Empirical(x[:train], labels[:train]), Empirical(x[train:], labels[train:])
