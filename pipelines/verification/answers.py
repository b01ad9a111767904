"""Verification of the raw archive: its log, and the bytes of every answer that the log names."""

from collections.abc import Iterator

from pipelines.archive import RESTORE, Answer, Archive, BadLine
from pipelines.errors import DamagedBody
from pipelines.settings import Settings
from pipelines.verification.contents import WarehouseContents
from pipelines.verification.damage import REPAIR, Damage, OnChecked, VerifiedPart, count_off

ORIGINS = (b"real", b"simulated")
REFUSED = "nothing: the source had refused the request"
IN_WAREHOUSE = "nothing yet: the warehouse has its figures, and a rebuild would lose them"
NOWHERE = "its figures, unless its source still gives them"


def verify_answers(
    settings: Settings, known: WarehouseContents, on_checked: OnChecked, *, is_quick: bool
) -> VerifiedPart:
    """Check every line of the log, every body that it names, and that none is gone from it."""
    archive, part = Archive(settings.archive), VerifiedPart("answers")
    named: dict[str, Answer] = {}
    ids: list[str] = []
    for log in archive.log_parts({}):
        part.damages += [_damaged_line(line) for line in log.bad_lines if not line.is_cut]
        cut = sum(line.is_cut for line in log.bad_lines)
        if cut:
            part.notes.append(f"{log.name}: a crash cut {cut} lines short, none was confirmed")
        if (settings.archive / "answers" / log.name).stat().st_size > log.end:
            part.notes.append(f"{log.name}: its last line is not whole (yet)")
        for answer in log.answers:
            named[answer.sha256] = answer
            ids.append(answer.answer_id)
    part.damages += _damaged_origin(archive, has_answers=bool(named))
    in_warehouse = set(known.answers["sha256"])
    for digest in count_off(part, named, len(named), on_checked):
        if reason := _find_damage(archive, digest, is_quick=is_quick):
            part.damages.append(_damaged_body(named[digest], reason, digest in in_warehouse))
    gone = known.answers.filter(~known.answers["answer_id"].is_in(ids))
    part.damages += [_gone_from_log(*row) for row in gone["answer_id", "source"].rows()]
    return part


def _find_damage(archive: Archive, digest: str, *, is_quick: bool) -> str | None:
    if is_quick:
        return None if archive.size(digest) else "it is missing or empty"
    try:
        archive.read(digest)
    except DamagedBody as error:
        return str(error).removesuffix(RESTORE).strip()
    return None


def _damaged_line(line: BadLine) -> Damage:
    return Damage(
        f"line {line.number} of raw/answers/{line.log}",
        line.reason,
        "the record of one answer; its body stays, and nothing loads it",
        "Restore the file from a backup, then `tokentide build`.",
    )


def _damaged_origin(archive: Archive, *, has_answers: bool) -> Iterator[Damage]:
    path = archive.folder / "origin"
    found = path.read_bytes().strip() if path.exists() else None
    if found not in (*ORIGINS, None) or (found is None and has_answers):
        yield Damage(
            "raw/origin",
            "it says neither `real` nor `simulated`",
            "nothing: the log names the origin of each answer",
            "Write `real` or `simulated` into it, as raw/answers has it.",
        )


def _damaged_body(answer: Answer, reason: str, is_in_warehouse: bool) -> Damage:
    lost = IN_WAREHOUSE if is_in_warehouse else NOWHERE
    return Damage(
        f"answer {answer.answer_id} of {answer.source}",
        reason,
        lost if answer.status in (200, 304) else REFUSED,
        REPAIR,
    )


def _gone_from_log(answer_id: str, source: str) -> Damage:
    return Damage(
        f"answer {answer_id} of {source}",
        "no line of raw/answers names it any more",
        IN_WAREHOUSE,
        "Restore raw/answers from a backup, then `tokentide build`.",
    )
