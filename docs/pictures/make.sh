#!/usr/bin/env bash
# Makes the pictures of the README anew, from a run of its first study: bash docs/pictures/make.sh
# Needs the activated environment, chromium and util-linux's `script`; works in a folder of its own, or in the one given.
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
here=$root/docs/pictures
work=${1:-$(mktemp -d)}
cd "$work"

# A terminal 110 columns wide records the live table; of its pictures one from the middle is kept, and the last.
ln -sfn "$root/studies" studies
script --quiet --command "stty cols 110 rows 50; python studies/vgg_bn_vs_nobn.py" terminal.raw
python - "$root" <<'PYTHON'
import re, sys
from pathlib import Path

raw = Path("terminal.raw").read_text()
plain = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]|^Script .*\n?", "", raw, flags=re.MULTILINE).replace("\r", "")
before, *pictures = re.split(r"^(?=\d+ of \d+ trials)", plain, flags=re.MULTILINE)
kept = "\n".join([before, pictures[len(pictures) // 2], "...\n", pictures[-1]]).replace(f"{sys.argv[1]}/", "")
lines = [line.rstrip() for line in kept.splitlines()]
Path(sys.argv[1], "docs/pictures/terminal.txt").write_text("\n".join(lines) + "\n")
PYTHON
python "$root/analysis/tables.py" --study vgg_bn_vs_nobn --scale demo --out "$here/table.md"
python "$root/analysis/plot.py" curves --study vgg_bn_vs_nobn --scale demo --out "$here/curves.png"
python "$root/analysis/report.py" --study vgg_bn_vs_nobn --scale demo --out pages

picture() { chromium --headless --no-sandbox --hide-scrollbars --virtual-time-budget=20000 --window-size="$3" --screenshot="$here/$1" "$2" 2>/dev/null; }
picture page.png "file://$PWD/pages/vgg_bn_vs_nobn-demo.html" 1200,1500
MLFLOW_SERVER_ENABLE_JOB_EXECUTION=false mlflow ui --port 5055 >mlflow.log 2>&1 &
server=$!
trap 'kill $server' EXIT
until python -c "import urllib.request as u; u.urlopen('http://127.0.0.1:5055/health')" 2>/dev/null; do sleep 1; done
python - <<'PYTHON'
import json
from mlflow import MlflowClient

# The columns, the order and the filter that a reader would click together.
columns = ["attributes.`Duration`", *(f"metrics.`{m}`" for m in ("val/acc1", "test/acc1")), "params.`lr`", "params.`norm`", "tags.`arm`", "tags.`stage`"]
view = {"searchFilter": "tags.stage != 'search'", "orderByKey": "metrics.`test/acc1`", "orderByAsc": False, "selectedColumns": columns}
MlflowClient("sqlite:///mlflow.db").set_experiment_tag("1", "mlflow.sharedViewState.readme", json.dumps(view))
PYTHON
picture mlflow.png "http://127.0.0.1:5055/#/experiments/1/runs?viewStateShareKey=readme" 1800,800
python -c "from PIL import Image; p = Image.open('$here/mlflow.png'); p.crop((0, 0, 1335, 800)).save('$here/mlflow.png')"  # without MLflow's assistant
