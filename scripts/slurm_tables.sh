#!/bin/sh
#SBATCH --job-name=jqkd-tables
#SBATCH --array=0-7
#SBATCH --cpus-per-task=4
#SBATCH --time=12:00:00
#SBATCH --output=jqkd-tables-%A-%a.log
# A SLURM array: every task works on the same store, on a file system that all nodes see and that
# keeps file locks (flock); the tasks share the jobs among themselves. A task that the cluster
# stops loses what it is at; submit again and it goes on.
#
#   sbatch scripts/slurm_tables.sh STORE EXPERIMENT [options of `jqkd run`]
set -eu
[ $# -ge 2 ] || { echo "usage: sbatch $0 STORE EXPERIMENT [options of jqkd run]" >&2; exit 2; }
out=$1
shift
# As many seeds side by side as a task has cores.
exec srun python -m jqkd run --out "$out" --block "${SLURM_CPUS_PER_TASK:-4}" "$@"
