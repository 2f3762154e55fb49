#!/bin/sh
#SBATCH --job-name=jqkd-tables
#SBATCH --array=0-7
#SBATCH --cpus-per-task=4
#SBATCH --time=12:00:00
#SBATCH --output=jqkd-tables-%A-%a.log
# A SLURM array: every task works on the same results folder, on a file system that all nodes see
# and that keeps file locks (flock); the tasks share the units of work among themselves. A task
# that the cluster stops loses one unit at most; submit again and it goes on.
#
#   sbatch scripts/slurm_tables.sh RESULTS [options of `jqkd tables run`]
set -eu
[ $# -ge 1 ] || { echo "usage: sbatch $0 RESULTS [options of jqkd tables run]" >&2; exit 2; }
out=$1
shift
# One unit is as many seeds as a task has cores.
exec srun python -m jqkd tables run --out "$out" --block "${SLURM_CPUS_PER_TASK:-4}" "$@"
