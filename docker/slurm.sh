#!/usr/bin/env bash
# One training on one GPU of a Slurm cluster. Arguments go to cnn-gpu train; the run's folder lands where sbatch was called. A job that is
# requeued, as after a preemption, goes on with its run.
#   sbatch docker/slurm.sh --data mnist --epochs 5
# CNN_GPU names the program where it is not on the PATH, or CNN_GPU_IMAGE an Apptainer image that holds it:
#   CNN_GPU_IMAGE=$PWD/cnn-gpu.sif sbatch docker/slurm.sh --data mnist
#SBATCH --job-name=cnn-gpu
#SBATCH --gres=gpu:1
#SBATCH --cpus-per-task=4
#SBATCH --mem=8G
#SBATCH --time=01:00:00
#SBATCH --output=%x-%j.log
#SBATCH --open-mode=append
#SBATCH --requeue
# Two minutes before the time is up the training is told to save, and goes on. At the end Slurm sends SIGTERM, at which it finishes its step,
# saves and ends with 143, and KillWait seconds later SIGKILL.
#SBATCH --signal=USR1@120
set -euo pipefail

if [[ -n ${CNN_GPU_IMAGE:-} ]]; then
  command=(apptainer run --nv "$CNN_GPU_IMAGE")
else
  command=("${CNN_GPU:-cnn-gpu}")
fi

# Slurm does not pass the batch job's number of processors on to its steps by itself.
step=(srun --ntasks=1 --cpus-per-task="${SLURM_CPUS_PER_TASK:-4}" "${command[@]}")
run=runs/slurm-${SLURM_JOB_ID:?"start it by sbatch"}
if [[ -f $run/checkpoint.safetensors ]]; then
  exec "${step[@]}" train --resume "$run"
fi
exec "${step[@]}" train --device cuda --out "$run" "$@"
