"""The list of sizes: whole parameters by repository; a row without a total is quarantined."""

from pathlib import Path

from support.source_payloads import archived_answer

from pipelines.sources.parsing import complete_rows
from pipelines.sources.references.parameters import SOURCE, TABLE

BODY = b"""model_id,total_params_b,active_params_b,is_moe,notes
Lab/Mixture,671,37,true,
Lab/Dense,0.6,,false,small
Lab/Silent,7,,,
Lab/None,,3,,
Lab/Zero,0,0,,
Lab/Words,many,,,
Lab/Bytes,671000000000,,,
"""


def test_billions_become_parameters() -> None:
    """A row whose total is no number of billions is left out."""
    parsed = SOURCE.parse(archived_answer(), SOURCE.decode(archived_answer(), BODY))
    assert complete_rows(parsed, TABLE).rows() == [
        ("Lab/Mixture", 671_000_000_000, 37_000_000_000, True, None),
        ("Lab/Dense", 600_000_000, None, False, "small"),
        ("Lab/Silent", 7_000_000_000, None, None, None),
    ]
    assert parsed.frames[TABLE].height == 7


def test_the_recorded_list_is_whole(recordings: Path) -> None:
    body = (recordings / "huggingface" / "atom" / "model_parameters.csv").read_bytes()
    parsed = SOURCE.parse(archived_answer(), SOURCE.decode(archived_answer(), body))
    rows = complete_rows(parsed, TABLE)
    assert rows.height == parsed.frames[TABLE].height == 299
    assert rows["active_parameters"].count() == 95
