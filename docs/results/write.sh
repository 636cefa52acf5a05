#!/usr/bin/env bash
# Writes table and claims of studies as they stand in results/, and the verdicts on all claims of all studies there, into a folder here:
#     bash docs/results/write.sh FOLDER SCALE STUDY...
# To be called in the folder that the studies were run in.
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
folder=$root/docs/results/$1 scale=$2
shift 2
mkdir -p "$folder"
for study in "$@"; do
    {
        python "$root/analysis/tables.py" --study "$study" --scale "$scale" --format md
        echo
        python "$root/analysis/claims.py" --study "$study" --scale "$scale"
    } >"$folder/$study.md"
    echo "wrote $folder/$study.md"
done
python "$root/analysis/claims.py" --all --scale "$scale" --out "$folder/claims.md"
