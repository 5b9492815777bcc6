#!/bin/bash
# A sweep on several Slurm nodes:  sbatch platform/deploy/slurm.sh mlp_reg search.num_trials=200
# Submit from the repository, on a file system that all nodes share. Submit again to continue: what was
# finished stays. Two minutes before the time is up Slurm sends SIGTERM, which ends the sweep cleanly.
#SBATCH --job-name=clusterability
#SBATCH --nodes=4
#SBATCH --ntasks-per-node=1
#SBATCH --cpus-per-task=16
#SBATCH --mem=32G
#SBATCH --time=12:00:00
#SBATCH --signal=B:TERM@120
#SBATCH --output=runs/slurm-%j.log
# B: the signal goes to this script alone; the nodes of Ray must live until the sweep has ended.
set -euo pipefail
cd "$SLURM_SUBMIT_DIR"
source .venv/bin/activate

# A token of this job's own: without one, anyone on these nodes could run code as you.
export RAY_AUTH_MODE=token
RAY_AUTH_TOKEN=$(python -c 'import secrets; print(secrets.token_hex(32))')
export RAY_AUTH_TOKEN
export RAY_memory_monitor_refresh_ms=0    # the limit of each trial is ours: see docs/faults.md

port=$((20000 + SLURM_JOB_ID % 20000))    # jobs that share a node do not meet
head=$(scontrol show hostnames "$SLURM_JOB_NODELIST" | head -n 1)
head_ip=$(srun --nodes=1 --ntasks=1 -w "$head" hostname --ip-address | awk '{print $1}')
scratch=/tmp/ray-$SLURM_JOB_ID            # short: Ray puts sockets there

srun --overlap --nodes=1 --ntasks=1 -w "$head" \
    ray start --head --block --node-ip-address="$head_ip" --port="$port" --temp-dir="$scratch" \
    --num-cpus="$SLURM_CPUS_PER_TASK" --include-dashboard=false --disable-usage-stats &
until (exec 3<>"/dev/tcp/$head_ip/$port") 2>/dev/null; do sleep 1; done

others=$((SLURM_JOB_NUM_NODES - 1))
if ((others)); then
    srun --overlap --nodes="$others" --ntasks="$others" --exclude="$head" \
        ray start --block --address="$head_ip:$port" --temp-dir="$scratch" \
        --num-cpus="$SLURM_CPUS_PER_TASK" --disable-usage-stats &
fi
sleep 20                                   # nodes that come later get trials all the same

# The batch script runs on the first node, which is the head. SIGTERM is passed on to the sweep.
clusterability sweep "$@" --address "$head_ip:$port" &
sweep=$!
trap 'kill -TERM $sweep' TERM
wait $sweep || wait $sweep
