"""Losses against SciPy, in float64."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.special import log_softmax, rel_entr, softmax

from jqkd.models.readouts import FILL
from jqkd.training.loop import scores
from jqkd.training.losses import cross_entropy, distillation

pytestmark = pytest.mark.quick

LOGITS = np.random.default_rng(0).normal(size=(20, 16)) * 5
TEACHER = np.random.default_rng(1).normal(size=(20, 8)) * 5
LABELS = np.random.default_rng(2).integers(0, 6, 20)
TARGETS = np.eye(6, dtype=np.float32)[LABELS]


def test_cross_entropy_is_minus_the_log_softmax_of_the_label():
    wanted = -log_softmax(LOGITS, -1)[np.arange(20), LABELS]
    np.testing.assert_allclose(cross_entropy(jnp.array(LOGITS), TARGETS), wanted, rtol=2e-6)


def test_cross_entropy_of_mixed_labels_is_the_mix_of_their_cross_entropies():
    shares = np.random.default_rng(3).dirichlet(np.ones(6), 20)
    wanted = -(shares * log_softmax(LOGITS, -1)[:, :6]).sum(-1)
    np.testing.assert_allclose(cross_entropy(jnp.array(LOGITS), shares), wanted, rtol=2e-6)


@pytest.mark.parametrize("classes", [2, 6, 8])
@pytest.mark.parametrize("temperature", [0.5, 1.0, 3.0])
def test_distillation_is_scipys_relative_entropy_summed_over_classes(classes, temperature):
    p = softmax(TEACHER[:, :classes] / temperature, -1)
    q = softmax(LOGITS[:, :classes] / temperature, -1)
    wanted = temperature**2 * rel_entr(p, q).sum(-1)
    found = distillation(jnp.array(LOGITS), jnp.array(TEACHER), temperature, classes)
    np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-6)


def test_distillation_is_pytorchs_kldivloss_times_the_number_of_classes():
    # KLDivLoss() divides by batch * classes; the notebooks multiply by the classes again.
    q_log, p = log_softmax(LOGITS[:, :6] / 3, -1), softmax(TEACHER[:, :6] / 3, -1)
    default_reduction = (p * (np.log(p) - q_log)).mean()
    found = distillation(jnp.array(LOGITS), jnp.array(TEACHER), 3.0, 6).mean()
    np.testing.assert_allclose(found, 9 * 6 * default_reduction, rtol=1e-5)


def test_distillation_gradient_is_t_times_the_difference_of_softmaxes():
    slope = jax.grad(lambda s: distillation(s, jnp.array(TEACHER[0]), 3.0, 6))
    found = slope(jnp.array(LOGITS[0], jnp.float32))
    wanted = 3 * (softmax(LOGITS[0, :6] / 3) - softmax(TEACHER[0, :6] / 3))
    np.testing.assert_allclose(found[:6], wanted, atol=1e-5)
    assert (found[6:] == 0).all()


def test_filled_logits_change_nothing_and_give_no_nan():
    filled = np.concatenate([LOGITS, np.full((20, 16), FILL)], -1).astype(np.float32)
    plain, padded = (cross_entropy(jnp.array(x, jnp.float32), TARGETS) for x in (LOGITS, filled))
    np.testing.assert_allclose(plain, padded, rtol=1e-6)
    slope = jax.grad(lambda x: cross_entropy(x, TARGETS).sum())(jnp.array(filled))
    assert np.isfinite(slope).all()


def test_equal_distributions_cost_nothing():
    same = jnp.array(TEACHER, jnp.float32)
    np.testing.assert_allclose(distillation(same, same + 7, 3.0, 8), 0, atol=1e-5)


def test_scores_are_the_mean_loss_and_accuracy():
    loss, accuracy = scores(LOGITS[None], LABELS)
    wanted = -log_softmax(LOGITS, -1)[np.arange(20), LABELS]
    np.testing.assert_allclose(loss, [wanted.mean()], rtol=1e-12)
    np.testing.assert_allclose(accuracy, [(LOGITS.argmax(-1) == LABELS).mean()])
