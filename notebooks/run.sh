#!/usr/bin/env bash
# The main job on generated data, from a clean clone: embeddings, pictures and a summary in demo-output/.
. "$(dirname "$0")/../.ci/setup.sh"

system_packages g++ libgomp1 python3-venv python3-dev
virtual_environment .venv
python -m pip install --quiet ".[plot,parquet]"
entivec demo -o demo-output "$@"
