"""One step of the game: D's update, then G's."""

from torch import Tensor

from gan_tutorial.training.game import Game


def play(game: Game) -> tuple[Tensor, Tensor, Tensor]:
    """Play one step, and return L_D, L_G and the penalty, each of shape (N,).

    D ← D - Adam(∇_D [L_D(x_real, G(z)) + penalty])   k times, (5.1) and (5.3)
    G ← G - Adam(∇_G [L_G(G(z)) + g_penalty])         once, (5.2) and (5.3)
    """
    D, loss, rules = game.D, game.loss, game.rules
    for _ in range(rules.d_steps):
        x_real, labels = game.real()  # (N, m, *data_shape)
        x_fake = game.fake(labels)  # G(z)
        held = x_fake.detach()  # G is held fixed while D learns
        real_logits, fake_logits = game.judge(x_real, held, labels)
        d_loss = loss.d(real_logits, fake_logits)
        penalty = game.penalty(x_real, held, labels)
        game.d_player.move(d_loss + penalty)
        if rules.constrain is not None:
            rules.constrain(D)

    if rules.fresh_z:
        x_fake = game.fake(labels)
    if loss.g_uses_real:
        real_logits = D.logits(x_real, *labels)
    fake_logits = D.logits(x_fake, *labels)  # the same fakes, as the new D sees them
    g_loss = loss.g(real_logits.detach(), fake_logits)
    g_penalty = game.g_penalty(x_real, x_fake, labels)
    game.g_player.move(g_loss + g_penalty)  # D is held fixed while G learns
    return d_loss.detach(), g_loss.detach(), penalty.detach()
