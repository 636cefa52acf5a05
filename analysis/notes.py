"""What stands under a table: on which data, at which setting and by which statistics every number in it was made."""

from analysis.results import NAMES, Results
from analysis.words import count, listed, seeds, space


def notes(of: Results) -> list[str]:
    return [_data(of), _intervals(of), *_verdicts(of), _choice(of), *_stages(of), *_report(of), *of.runs.notes]


def _data(of: Results) -> str:
    data = of.spec.dataset
    images = f"{data['train']:,} training, {data['validation']:,} validation and {data['test']:,} test images"
    column = of.runs.trials.get("precision")
    found = sorted(column.dropna().unique()) if column is not None else []
    precision = f"precision {listed(found)}" if found else "precision unknown"
    return f"Data: {data['name']} ({images}); {count(int(of.spec.base['epochs']), 'epoch')}; {precision}."


def _intervals(of: Results) -> str:
    return (
        "± is half the 95 % Student-t interval over seeds, their number in brackets. "
        f"It holds for this one test set, of which an image is worth {of.spec.resolution:.2g} points."
    )


def _verdicts(of: Results) -> list[str]:
    sizes = {NAMES[way]: len(of.contrasts[way]) for way in of.ways() if of.contrasts[way]}
    if not sizes:
        return []
    family = listed(f"{count(n, 'contrast')} {way}" for way, n in sizes.items())
    return [
        "Δ is the paired difference to the baseline over shared seeds, with its interval; the verdict is "
        f"corrected for {family} (Holm). Practically equal: shown to lie within ±{of.spec.margin:g} points. "
        "n*: seeds that would decide with 80 % power, from 'it is as large as it looks' to 'whatever its size'."
    ]


def _choice(of: Results) -> str:
    if of.ways() and all(of.chosen_arm(way) is None for way in of.ways()):
        return "Nothing was chosen: there is no validation accuracy."
    return "* is the best by validation accuracy. The test set takes part in no choice."


def _stages(of: Results) -> list[str]:
    spec, lines = of.spec, []
    if "reported" in of.ways():
        lines.append(f"As reported: the report's setting, {seeds(spec.seeds)}.")
    if spec.tuned_arms:
        spaces = {arm: "; ".join(f"{f} {space(s)}" for f, s in fields.items()) for arm, fields in spec.tune.items()}
        each = [text if len(set(spaces.values())) == 1 else f"{arm}: {text}" for arm, text in spaces.items()]
        searched = count(spec.trials_per_arm, "search trial")
        lines.append(
            f"Tuned: {' | '.join(dict.fromkeys(each))}; {searched} an arm, the best by validation accuracy "
            f"trained anew on {seeds(spec.confirm_seeds)}, and only then tested."
        )
    return lines


def _report(of: Results) -> list[str]:
    if not of.spec.reported:
        return []
    apart = " at its own scale: compare the order of arms, not the figures" if of.spec.scale != "report" else ""
    return [f"Report: what it printed{apart}."]
