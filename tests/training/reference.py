"""The second source of training: NumPy, SciPy, and ``jax.grad`` of a loss that is written out.

Straight down, one run after the other, in float64, two qubits. It shares nothing with the package
but ``sample_counts``, whose draws only the package defines (its second source is
tests/quantum/test_sampling.py). Published constants are written down here again, and the names of
keys: root > 0 weights, 1 order > epoch, 2 step > 0 dropout, 1 shots > image id > circuit, 3
evaluation > epoch > 1 shots. Random numbers are drawn in JAX's 32 bits, all else is in 64.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from scipy.special import log_softmax, softmax

from jqkd.quantum import sample_counts

PAPER = {
    "epochs": 10, "batch_size": 1, "learning_rate": 1e-3, "temperature": 3.0, "weight": 0.9,
    "recipe": "hinton", "label_weight": 1.0, "schedule": "constant", "augmentation": "none",
    "placebo": "none", "evaluate_every": 1, "term": "kl", "selection": "first", "shots": 5000,
}  # fmt: skip
ROBUST = PAPER | {
    "epochs": 40, "batch_size": 30, "learning_rate": 4e-3, "temperature": 2.0, "weight": 4.0,
    "schedule": "cosine", "augmentation": "half-mixup", "evaluate_every": 5,
}  # fmt: skip
# What is trained, how it is trained, and how its circuit is differentiated.
PRESETS = {
    "paper-code": PAPER | {"readout": "concat-sigmoid", "shift": np.pi / 4, "times": 1.0},
    "paper-text": PAPER | {"readout": "log-probability", "shift": np.pi / 2, "times": 0.5},
    "robust": ROBUST | {"readout": "scaled-probability", "shift": np.pi / 2, "times": 0.5},
}
# Factors of the divergence, and of the teacher's own cross-entropy, which has no gradient.
TERMS = {"kl": (1, 0), "kl * 6/8": (0.75, 0), "kl * 0": (0, 0), "constant": (0, 1)}
CONV = {"conv1": (5, 5, 1, 10), "conv2": (5, 5, 10, 20), "dense1": (320, 50), "dense2": (50, 2)}
LENET = {"conv1": (5, 5, 1, 6), "conv2": (5, 5, 6, 16), "dense1": (256, 120), "dense2": (120, 84)}
OUTCOMES = 4


def fold(key, *numbers):
    """A key's key's key."""
    for number in numbers:
        key = jax.random.fold_in(key, number)
    return key


def uniforms(key, shape):
    """In (0, 1); a number of JAX's does not depend on how many are drawn, so one program does."""
    return np.float64(_uniforms(key))[: np.prod(shape)].reshape(shape)


_uniforms = jax.jit(lambda key: jax.random.uniform(key, (65536,)))


def in_double(function, static=()):
    """Compiled and run in float64, for NumPy's arrays."""
    compiled = jax.jit(function, static_argnums=static)

    def call(*args):
        with jax.enable_x64(True):
            return jax.tree.map(np.asarray, compiled(*args))

    return call


def split(dataset, classes, per_class=None, selection="first"):
    """Part -> (images, labels, ids): 20 a class to validate, the last; 50 a class to test."""
    rows = {"train": [], "validation": [], "test": []}
    for label in classes:
        inside = np.flatnonzero(dataset.train_labels == label)
        rest, last = inside[:-20], inside[-20:]
        test = np.flatnonzero(dataset.test_labels == label)
        if selection == "random":
            rest = np.random.default_rng((0, 0, label)).permutation(rest)
            test = np.random.default_rng((0, 1, label)).permutation(test)
        for part, ids in zip(rows, (rest[:per_class], last, test[:50]), strict=True):
            rows[part] += list(ids)
    parts = {}
    for part, ids in rows.items():
        ids, name = np.sort(ids), "test" if part == "test" else "train"
        images, labels = getattr(dataset, f"{name}_images"), getattr(dataset, f"{name}_labels")
        parts[part] = images[ids] / 255, np.array([classes.index(n) for n in labels[ids]]), ids
    return parts


def view(images, labels, number, augmentation):
    """Images and targets of an epoch: half of them blended with another one's smaller share."""
    targets = np.eye(labels.max() + 1)[labels]
    if augmentation == "none":
        return images, targets
    rng = np.random.default_rng((number, 1))
    partner, share = rng.permutation(len(images)), rng.uniform(0, 0.5, len(images))
    share = np.where(rng.random(len(images)) < 0.5, share, 0)
    blend = lambda a, s: (1 - s) * a + s * a[partner]  # noqa: E731
    return blend(images, share[:, None, None]), blend(targets, share[:, None])


def first_weights(layers, key, turns=0):
    """Uniform within 1 / sqrt(inputs), PyTorch's; a circuit's own angles within pi, and first."""
    shapes = {"turns": (turns,)} if turns else {}
    for name, shape in layers.items():
        shapes |= {f"{name}.kernel": shape, f"{name}.bias": shape[-1:]}
    weights = {}
    for number, (name, shape) in enumerate(shapes.items()):
        inputs = np.prod(layers[name.split(".")[0]][:-1]) if name != "turns" else np.pi**-2
        weights[name] = (2 * uniforms(fold(key, 0, number), shape) - 1) * inputs**-0.5
    return weights


def conv(w, name, x):
    sides = ("NHWC", "HWIO", "NHWC")
    out = lax.conv_general_dilated(x, w[f"{name}.kernel"], (1, 1), "VALID", dimension_numbers=sides)
    return out + w[f"{name}.bias"]


def dense(w, name, x):
    return x @ w[f"{name}.kernel"] + w[f"{name}.bias"]


def windows(x):
    """The four neighbours of every 2x2 window."""
    return jnp.stack([x[:, i::2, j::2] for i in (0, 1) for j in (0, 1)])


def lenet(w, images, masks):
    x = windows(jnp.tanh(conv(w, "conv1", images[..., None]))).mean(0)
    x = windows(jnp.tanh(conv(w, "conv2", x))).mean(0).reshape(len(x), -1)
    return dense(w, "dense3", jnp.tanh(dense(w, "dense2", jnp.tanh(dense(w, "dense1", x)))))


def dropped(w, images, masks):
    """A teacher of one layer, half of whose pixels are dropped."""
    return dense(w, "dense", images.reshape(len(images), -1) * masks[0])


def angles(w, preset, images, masks):
    """(B, P): what the circuit is run at."""
    if preset == "paper-text":
        v = jnp.tanh(dense(w, "dense", images.reshape(len(images), -1)))
        upper = 2 * jnp.arctan2(jnp.hypot(v[:, 2], v[:, 3]), jnp.hypot(v[:, 0], v[:, 1]))
        low, high = 2 * jnp.arctan2(v[:, 1], v[:, 0]), 2 * jnp.arctan2(v[:, 3], v[:, 2])
        encoded = jnp.stack([upper, (low + high) / 2, (low - high) / 2], 1)
        return jnp.concatenate([encoded, jnp.tile(w["turns"], (len(v), 1))], 1)
    x = jax.nn.relu(windows(conv(w, "conv1", images[..., None])).max(0))
    x = jax.nn.relu(windows(conv(w, "conv2", x) * masks[0][:, None, None]).max(0))
    x = jax.nn.relu(dense(w, "dense1", x.reshape(len(x), -1))) * masks[1]
    return (np.pi / 2 if preset == "robust" else np.pi) * jnp.tanh(dense(w, "dense2", x))


def probabilities(preset, t):
    """(B, K) of angles (B, P), by dense matrices; the first factor of a product is qubit 1."""
    eye, h = np.eye(2)[None], np.array([[[1, 1], [1, -1]]]) / np.sqrt(2)
    cx = np.eye(4)[None, [0, 1, 3, 2]]
    c, s = np.cos(t / 2), np.sin(t / 2)
    ry = [np.array([[a, -b], [b, a]]).transpose(2, 0, 1) for a, b in zip(c.T, s.T, strict=True)]
    on0, on1 = (lambda g: np.kron(eye, g)), (lambda g: np.kron(g, eye))
    gates = [on0(h), on1(h), on0(ry[-2]), on1(ry[-1])]
    if preset == "paper-text":
        gates = [on1(ry[0]), on0(ry[1]), cx, on0(ry[2]), cx, *gates]
    state = np.tile(np.eye(4)[0], (len(t), 1))
    for gate in gates:
        state = np.einsum("bij,bj->bi", np.broadcast_to(gate, (len(t), 4, 4)), state)
    return state**2


def _counts(key, image, circuit, shares, shots):
    return sample_counts(fold(key, 1, image, circuit), shares, shots)


_draw = jax.jit(jax.vmap(_counts, (None, 0, 0, 0, None)))


def frequencies(shares, shots, key, ids):
    """(B, V, K) of the V circuits of every image: their shares, or what some shots say of them."""
    if shots is None:
        return shares
    images, circuits = (n.reshape(-1) for n in np.indices(shares.shape[:2]))
    rows, counts = np.float32(shares.reshape(-1, OUTCOMES)), []
    for first in range(0, len(rows), 64):
        some = np.arange(first, first + 64) % len(rows)
        drawn = _draw(key, ids[images[some]], circuits[some], rows[some], np.float32(shots))
        counts.append(np.float64(drawn))
    return np.concatenate(counts)[: len(rows)].reshape(shares.shape) / shots


def logits_of(head, p, classes):
    """A list of those that there are: the softmax is over all of them."""
    if head == "concat-sigmoid":
        return jnp.concatenate([1 / (1 + jnp.exp(-p)), 1 / (1 + jnp.exp(p))], 1)
    heads = {"softmax": jax.nn.softmax, "log-probability": lambda p: jnp.log(p + 1e-4)}
    return 10 * p[:, :classes] if head == "scaled-probability" else heads[head](p)


def entropy(logits, targets):
    return -(targets * jax.nn.log_softmax(logits)[:, : targets.shape[1]]).sum(1)


def divergence(p, q):
    return (p * (jnp.log(p) - jnp.log(q))).sum(1)


def teaching(recipe, said, logits, targets, temperature):
    """T^2 KL; or its two parts, right or wrong and among the wrong, the latter eight times."""
    p, q = jax.nn.softmax(said / temperature), jax.nn.softmax(logits / temperature)
    if recipe == "hinton":
        return temperature**2 * divergence(p, q)
    right = jnp.arange(p.shape[1]) == targets.argmax(1)[:, None]
    pair = [jnp.stack([(r * right).sum(1), (r * ~right).sum(1)], 1) for r in (p, q)]
    wrong = [jnp.where(right, 1, r / (r * ~right).sum(1, keepdims=True)) for r in (p, q)]
    return temperature**2 * (divergence(*pair) + 8 * divergence(*wrong))


def student_loss(w, how, images, masks, circuit, targets, said, share, factors):
    """The mean over present rows; the circuit is linear, with the slope that its rule measured."""
    preset, head, recipe = how
    (at, value, slope), classes = circuit, targets.shape[1]
    p = value + jnp.einsum("bp,bpk->bk", angles(w, preset, images, masks) - at, slope)
    logits = logits_of(head, p, classes)
    temperature, weight, label_weight, divergence_factor, constant_factor = factors
    taught = divergence_factor * teaching(recipe, said, logits[:, :classes], targets, temperature)
    # Outcomes that are no class count as logits of 0 in the teacher's own cross-entropy.
    filled = jnp.pad(said, ((0, 0), (0, OUTCOMES - classes)))
    taught += constant_factor * entropy(jax.nn.softmax(filled), targets)
    rows = share * (label_weight * entropy(logits, targets) + weight * taught)
    return rows.sum(), logits.argmax(1)


def teacher_loss(w, network, images, masks, targets, share):
    logits = network(w, images, masks)
    return (share * entropy(logits, targets)).sum(), logits.argmax(1)


def adam(w, moments, gradients, step, rate):
    """One step, the first being step 0: weights, and means of the gradient and of its square."""
    for name, g in gradients.items():
        m, v = moments[name]
        moments[name] = m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g**2
        m, v = m / (1 - 0.9 ** (step + 1)), v / (1 - 0.999 ** (step + 1))
        w[name] = w[name] - rate * m / (np.sqrt(v) + 1e-8)


def batches(key, epoch, count, size):
    """Rows and shares of every step: each image once, the last batch filled up with shares of 0."""
    order = np.asarray(jax.random.permutation(fold(key, 1, epoch), count))
    for first in range(0, count, size):
        rows = order[first : first + size]
        spare = size - len(rows)
        yield np.pad(rows, (0, spare)), np.pad(np.full(len(rows), 1 / len(rows)), (0, spare))


_angles = in_double(angles, static=1)
_logits = in_double(logits_of, static=(0, 2))
_student_slope = in_double(jax.value_and_grad(student_loss, has_aux=True), static=1)
_teacher_slope = in_double(jax.value_and_grad(teacher_loss, has_aux=True), static=1)
_answers = {network: in_double(network) for network in (lenet, dropped)}


def scores(logits, labels):
    """Mean cross-entropy, and how many are right."""
    loss = -log_softmax(logits, 1)[np.arange(len(labels)), labels].mean()
    return loss, int((logits.argmax(1) == labels).sum())


def student_masks(preset, key, size):
    """Factors of conv2's channels and of the hidden layer, by the key of a step or by none."""
    if preset != "paper-code" or key is None:
        return np.ones((size, 20)), np.ones((size, 50))
    first, second = jax.random.split(fold(key, 0))
    return 2.0 * (uniforms(first, (20, size)).T < 0.5), 2.0 * (uniforms(second, (size, 50)) < 0.5)


def measure(w, how, images, ids, key, masks, shifted):
    """Angles (B, P), and the frequencies (B, V, K) of the circuit, and of those shifted from it."""
    at = _angles(w, how["preset"], images, masks)
    steps = how["shift"] * np.eye(at.shape[1]) if shifted else np.zeros((0, at.shape[1]))
    many = at[:, None] + np.concatenate([np.zeros((1, at.shape[1])), steps, -steps])
    shares = probabilities(how["preset"], many.reshape(-1, at.shape[1]))
    return at, frequencies(shares.reshape(len(at), -1, OUTCOMES), how["shots"], key, ids)


def evaluate(w, how, part, key, classes):
    """Mean cross-entropy and number of right answers, 30 images at a time."""
    images, labels, ids = part
    masks, blocks = student_masks(how["preset"], None, 30), range(0, len(ids), 30)
    rows = [slice(first, first + 30) for first in blocks]
    p = [measure(w, how, images[r], ids[r], key, masks, False)[1][:, 0] for r in rows]
    return scores(_logits(how["readout"], np.concatenate(p), classes), labels)


def train_student(options, parts, seed, said=None):
    """First and last weights, and curves, an entry an evaluated epoch.

    ``said`` are a teacher's logits (V, N, C) of the epochs' views, or (1, N, C); none for a
    student alone.
    """
    how = PRESETS[options["preset"]] | options
    key, preset, (images, labels, ids) = jax.random.key(seed), how["preset"], parts["train"]
    text = preset == "paper-text"
    w = first_weights({"dense": (784, 4)} if text else CONV, key, 2 if text else 0)
    first, moments, step, curves = dict(w), dict.fromkeys(w, (0.0, 0.0)), 0, []
    weight, label_weight = (0, 1) if said is None else (how["weight"], how["label_weight"])
    factors = (how["temperature"], weight, label_weight, *TERMS[how["term"]])
    steps = how["epochs"] * -(-len(ids) // how["batch_size"])
    for epoch in range(how["epochs"]):
        seen, targets = view(images, labels, epoch, how["augmentation"])
        told = np.zeros(targets.shape) if said is None else said[epoch % len(said)]
        loss = right = 0
        for rows, share in batches(key, epoch, len(ids), how["batch_size"]):
            now = fold(key, 2, step)
            masks = student_masks(preset, now, len(rows))
            at, p = measure(w, how, seen[rows], ids[rows], now, masks, True)
            up, down = np.split(p[:, 1:], 2, 1)
            circuit = at, p[:, 0], how["times"] * (up - down)
            batch = seen[rows], masks, circuit, targets[rows], told[rows], share, factors
            (mean, chosen), slope = _student_slope(
                w, (preset, how["readout"], how["recipe"]), *batch
            )
            rate = how["learning_rate"]
            if how["schedule"] == "cosine":
                rate *= min(1, (step + 1) / (0.03 * steps)) * (1 + np.cos(np.pi * step / steps)) / 2
            adam(w, moments, slope, step, rate)
            loss += mean * (share > 0).sum()
            right += int(((chosen == targets[rows].argmax(1)) & (share > 0)).sum())
            step += 1
        if (epoch + 1) % how["evaluate_every"] == 0 or epoch + 1 == how["epochs"]:
            curves.append({"train": (loss / len(ids), right)})
            for part in ("validation", "test"):
                shots = fold(key, 3, epoch + 1)
                curves[-1][part] = evaluate(w, how, parts[part], shots, targets.shape[1])
    return first, w, curves


def teacher_key(seed):
    """Streams 0 to 4 of a seed's key are students'."""
    return fold(jax.random.key(seed), 5)


def train_teacher(network, layers, parts, *, seed, epochs, batch_size, learning_rate):
    """Weights of the epoch picked on validation, all weights' curves, logits by part."""
    key, (images, labels, ids) = teacher_key(seed), parts["train"]
    w, targets = first_weights(layers, key), np.eye(labels.max() + 1)[labels]
    moments, step, curves, kept = dict.fromkeys(w, (0.0, 0.0)), 0, [], []
    for epoch in range(epochs):
        loss = right = 0
        for rows, share in batches(key, epoch, len(ids), batch_size):
            masks = [2.0 * (uniforms(fold(key, 2, step), (batch_size, 784)) < 0.5)]
            batch = images[rows], masks, targets[rows], share
            (mean, chosen), slope = _teacher_slope(w, network, *batch)
            adam(w, moments, slope, step, learning_rate)
            loss += mean * (share > 0).sum()
            right += int(((chosen == labels[rows]) & (share > 0)).sum())
            step += 1
        curves.append({"train": (loss / len(ids), right)})
        for part in ("validation", "test"):
            curves[-1][part] = scores(answers(network, w, parts[part][0]), parts[part][1])
        kept.append(dict(w))
    best = kept[picked(curves)]
    return best, curves, {part: answers(network, best, rows[0]) for part, rows in parts.items()}


def answers(network, w, images):
    """Logits, 30 images at a time."""
    size, masks = 30, [np.ones((30, 784))]
    padded = np.pad(images, ((0, -len(images) % size), (0, 0), (0, 0)))
    parts = [_answers[network](w, block, masks) for block in padded.reshape(-1, size, 28, 28)]
    return np.concatenate(parts)[: len(images)]


def picked(curves):
    """Index of the epoch with most validation images right; of equal ones, with the least loss."""
    looks = [(-right, loss) for loss, right in (epoch["validation"] for epoch in curves)]
    return looks.index(min(looks))


def protocols(curves):
    """Test images right after the last epoch, the picked one, and the one best on test."""
    right = [epoch["test"][1] for epoch in curves]
    return {"final": right[-1], "picked": right[picked(curves)], "best": max(right)}


def teacher_says(network, w, options, parts):
    """Logits (V, N, C) of the views a student sees, in half precision as they are kept."""
    how, (images, labels, _) = PRESETS[options["preset"]] | options, parts["train"]
    if how["augmentation"] == "none":
        said = np.stack([answers(network, w, images)])
    else:
        views = [view(images, labels, e, how["augmentation"])[0] for e in range(how["epochs"])]
        said = np.float16([answers(network, w, seen) for seen in views]).astype(float)
    if how["placebo"] == "constant":
        said = np.log(softmax(said, -1).mean((0, 1))) + np.zeros_like(said)
    return said


def collapsed(right, images, classes):
    """How many runs are no more than two points above guessing."""
    return sum(100 * count / images <= 100 / classes + 2 for count in right)
