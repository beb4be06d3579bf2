#!/bin/bash
#SBATCH --job-name=hello
#SBATCH --time=00:05:00
#SBATCH --ntasks=1 --cpus-per-task=2
#SBATCH --mem=200M
#SBATCH -o hello-%j.out   # kept with the job: signalbox logs

echo "hello from $(hostname), Slurm job ${SLURM_JOB_ID:-none}"
echo "2 to the 64th is $(awk 'BEGIN { printf "%.0f", 2 ^ 64 }')"
echo "arguments: $*"
