"""How often a page says what is not so, and how many seeds it takes to say what is: whole simulated studies, judged as any study is.

python -m benchmarks.verdicts null [PAGES]      arms that do not differ: pages with any false word, by noise, arms and seeds
python -m benchmarks.verdicts looks [PAGES]     the same, looked at again and again up to 5, 11 and 21 seeds
python -m benchmarks.verdicts searches [PAGES]  arms whose searches chose settings that are not equally good
python -m benchmarks.verdicts decide [PAGES]    what --decide takes where arms differ by 0, 1 and 2 standard deviations
python -m benchmarks.verdicts rounds [PAGES]    pages with any false word after the rounds of --decide, where no arm differs
python -m benchmarks.verdicts contrast [TIMES]  the same of one contrast, without pages
"""

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.verdicts.false_words import looks, null, searches
from benchmarks.verdicts.seeds import contrast, decide, rounds

PAGES = {"null": null, "looks": looks, "searches": searches, "decide": decide, "rounds": rounds}

if __name__ == "__main__":
    kind, *most = sys.argv[1:] or [""]
    if kind == "contrast":
        contrast(int((most or ["20000"])[0]))
    elif kind in PAGES:
        with TemporaryDirectory() as folder:
            PAGES[kind](Path(folder), int((most or ["400"])[0]))
    else:
        raise SystemExit(__doc__)
