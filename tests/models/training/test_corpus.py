"""The corpus: whole, split by name, and recognisable."""

from models.training.corpus import standard_library


def test_the_corpus_is_split_by_name_and_repeatable() -> None:
    """About one file in forty is held out; the fingerprint names the exact text."""
    corpus, again = standard_library(), standard_library()
    files = len(corpus.training) + len(corpus.held_out)
    assert files > 400
    assert 0.01 < len(corpus.held_out) / files < 0.06
    assert corpus.fingerprint == again.fingerprint
    assert not set(corpus.held_out) & {text for text in corpus.training if text}


def test_the_corpus_is_source_code_without_tests() -> None:
    """Modules of the standard library and nothing else."""
    texts = standard_library().training
    assert sum("def " in text or "import " in text for text in texts) / len(texts) > 0.8
    assert not any("class TestCase(" in text and "test.support" in text for text in texts)
