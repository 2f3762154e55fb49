#!/bin/sh
# Both tables on a machine with a GPU: teachers from scratch, 10 epochs each, ensemble as in the
# notebooks. Needs JAX with CUDA, and the images decoded elsewhere: copy the folder data/ of that
# machine's JQKD_CACHE to this one's. Neither Qiskit nor TFDS is used.
#
#   JQKD_CACHE=/data/jqkd scripts/run_tables_gpu.sh [STORE] [options of `jqkd run`]
#
# Killed and started again, it goes on. Bring the store home and run `jqkd report` there.
set -eu
cd "$(dirname "$0")/.."
out=${1:-runs/gpu}
[ $# -eq 0 ] || shift
for name in mnist fashion_mnist; do
  [ -f "${JQKD_CACHE:?set it to a folder that holds data/mnist.npz}/data/$name.npz" ] || {
    echo "$JQKD_CACHE/data/$name.npz is missing; copy it from a machine that has read $name." >&2
    exit 2
  }
done
python -c 'import jax, sys; sys.exit(jax.default_backend() == "cpu")' || {
  echo "JAX sees no GPU; install jax[cuda13], or use \`jqkd run\` on the CPU." >&2
  exit 2
}
# One store for all: the first trains the teachers, and its cache has their weights for the last.
for name in paper-code paper-text robust; do
  python -m jqkd run "$name:ensemble=joint" --out "$out" "$@"
done
