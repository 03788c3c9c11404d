"""The losses of both players, as functions of logits, and the pairs that they make."""

from torch import Tensor
from torch.nn.functional import relu, softplus

from gan_tutorial.losses.pairs import Loss, _mean


def discriminator_loss(real_logits: Tensor, fake_logits: Tensor) -> Tensor:
    """Binary cross-entropy of D with label 1 for real and 0 for fake.

    L_D = -E[log D(x)] - E[log(1 - D(G(z)))]

    For D = sigmoid(logits): -log D = softplus(-logits), -log(1 - D) = softplus(logits).
    At zero logits it is 2 log 2.

    Shapes
    ------
    real_logits, fake_logits (..., m, 1) -> (...)

    Raises
    ------
    ValueError
        If logits do not have shape (..., m, 1).

    Source
    ------
    Goodfellow et al. 2014 (arXiv 1406.2661), equation 1.
    """
    return _mean(softplus(-real_logits)) + _mean(softplus(fake_logits))


def nonsaturating_generator_loss(real_logits: Tensor, fake_logits: Tensor) -> Tensor:
    """The generator's loss of the seed: it wants its fakes taken for real.

    L_G = -E[log D(G(z))] = E[softplus(-fake_logits)]

    Its gradient in the logit is -(1 - D(G(z))): strongest when D is sure of the fake.

    Shapes
    ------
    fake_logits (..., m, 1) -> (...); real_logits is not used

    Raises
    ------
    ValueError
        If logits do not have shape (..., m, 1).

    Source
    ------
    Goodfellow et al. 2014 (arXiv 1406.2661), section 3.
    """
    return _mean(softplus(-fake_logits))


def saturating_generator_loss(real_logits: Tensor, fake_logits: Tensor) -> Tensor:
    """The generator's side of the minimax game: the part of V(G, D) that G can move.

    L_G = E[log(1 - D(G(z)))] = -E[softplus(fake_logits)]

    Its gradient in the logit is -D(G(z)): it starves G when D is sure of the fake.

    Shapes
    ------
    fake_logits (..., m, 1) -> (...); real_logits is not used

    Raises
    ------
    ValueError
        If logits do not have shape (..., m, 1).

    Source
    ------
    Goodfellow et al. 2014 (arXiv 1406.2661), equation 1.
    """
    return -_mean(softplus(fake_logits))


def least_squares_discriminator_loss(real_logits: Tensor, fake_logits: Tensor) -> Tensor:
    """Pull D's output to 1 at real samples and to 0 at fakes.

    L_D = ½ E[(ℓ(x) - 1)²] + ½ E[ℓ(G(z))²]

    Here ℓ is read as a score, without the sigmoid. At zero logits it is ½.

    Shapes
    ------
    real_logits, fake_logits (..., m, 1) -> (...)

    Raises
    ------
    ValueError
        If logits do not have shape (..., m, 1).

    Source
    ------
    Mao et al. 2017 (arXiv 1611.04076), with labels 0 and 1.
    """
    return _mean((real_logits - 1).square()) / 2 + _mean(fake_logits.square()) / 2


def least_squares_generator_loss(real_logits: Tensor, fake_logits: Tensor) -> Tensor:
    """Pull D's output at fakes to 1, from both sides.

    L_G = ½ E[(ℓ(G(z)) - 1)²]

    Its gradient in the logit is ℓ - 1: it grows with the distance, and turns round beyond 1.

    Shapes
    ------
    fake_logits (..., m, 1) -> (...); real_logits is not used

    Raises
    ------
    ValueError
        If logits do not have shape (..., m, 1).

    Source
    ------
    Mao et al. 2017 (arXiv 1611.04076), with label 1.
    """
    return _mean((fake_logits - 1).square()) / 2


def hinge_discriminator_loss(real_logits: Tensor, fake_logits: Tensor) -> Tensor:
    """Make D pay for what is not on its right side by a margin of 1.

    L_D = E[max(0, 1 - ℓ(x))] + E[max(0, 1 + ℓ(G(z)))]

    Samples beyond the margin have no gradient. At zero logits it is 2.

    Shapes
    ------
    real_logits, fake_logits (..., m, 1) -> (...)

    Raises
    ------
    ValueError
        If logits do not have shape (..., m, 1).

    Source
    ------
    Lim & Ye 2017 (arXiv 1705.02894).
    """
    return _mean(relu(1 - real_logits)) + _mean(relu(1 + fake_logits))


def wasserstein_discriminator_loss(real_logits: Tensor, fake_logits: Tensor) -> Tensor:
    """Raise the critic's score of real samples over that of fakes.

    L_D = E[ℓ(G(z))] - E[ℓ(x)]

    If no slope of ℓ is above 1, -L_D is at most W₁(p_data, p_g), and the best ℓ attains it. The
    loss has no minimum unless something bounds the slope: see `clipping` and `gradient_penalty`.

    Shapes
    ------
    real_logits, fake_logits (..., m, 1) -> (...)

    Raises
    ------
    ValueError
        If logits do not have shape (..., m, 1).

    Source
    ------
    Arjovsky et al. 2017 (arXiv 1701.07875), algorithm 1.
    """
    return _mean(fake_logits) - _mean(real_logits)


def wasserstein_generator_loss(real_logits: Tensor, fake_logits: Tensor) -> Tensor:
    """Raise the score of the fakes: the generator's loss of the hinge game as well.

    L_G = -E[ℓ(G(z))]

    Its gradient in the logit is -1, whatever D thinks.

    Shapes
    ------
    fake_logits (..., m, 1) -> (...); real_logits is not used

    Raises
    ------
    ValueError
        If logits do not have shape (..., m, 1).

    Source
    ------
    Arjovsky et al. 2017 (arXiv 1701.07875), algorithm 1.
    """
    return -_mean(fake_logits)


def relativistic_discriminator_loss(real_logits: Tensor, fake_logits: Tensor) -> Tensor:
    """Ask D which of two samples is the real one, and not whether one sample is.

    L_D = E[softplus(-(ℓ(x) - ℓ(G(z))))]

    The i-th real sample is paired with the i-th fake. At equal logits it is log 2.

    Shapes
    ------
    real_logits, fake_logits (..., m, 1) -> (...)

    Raises
    ------
    ValueError
        If logits do not have shape (..., m, 1).

    Source
    ------
    Jolicoeur-Martineau 2018 (arXiv 1807.00734); paired as in Huang et al. 2024 (arXiv 2501.05441).
    """
    return _mean(softplus(-(real_logits - fake_logits)))


def relativistic_generator_loss(real_logits: Tensor, fake_logits: Tensor) -> Tensor:
    """Make each fake look more real than the real sample it is paired with.

    L_G = E[softplus(-(ℓ(G(z)) - ℓ(x)))]

    It is D's loss with real and fake exchanged.

    Shapes
    ------
    real_logits, fake_logits (..., m, 1) -> (...)

    Raises
    ------
    ValueError
        If logits do not have shape (..., m, 1).

    Source
    ------
    Jolicoeur-Martineau 2018 (arXiv 1807.00734); paired as in Huang et al. 2024 (arXiv 2501.05441).
    """
    return _mean(softplus(-(fake_logits - real_logits)))


nonsaturating = Loss(discriminator_loss, nonsaturating_generator_loss)

saturating = Loss(discriminator_loss, saturating_generator_loss)

least_squares = Loss(least_squares_discriminator_loss, least_squares_generator_loss)

hinge = Loss(hinge_discriminator_loss, wasserstein_generator_loss)

wasserstein = Loss(wasserstein_discriminator_loss, wasserstein_generator_loss)

relativistic = Loss(relativistic_discriminator_loss, relativistic_generator_loss, g_uses_real=True)
