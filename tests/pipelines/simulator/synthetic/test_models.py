"""The tables of authors, models and listings."""

from pipelines.simulator.synthetic.models import TABLES, authors, listings, models, read_table


def test_there_are_enough_models_of_enough_authors():
    """More than a day's ranking holds."""
    assert len(models()) > 85
    assert len({model.author.slug for model in models().values()}) >= 25
    assert len(listings()) > 100


def test_every_model_has_an_author_with_a_known_bloc():
    """The control table has shares of China and the US; Europe is the rest."""
    assert {model.author.bloc for model in models().values()} == {"CN", "US", "EU"}
    assert {model.author.slug for model in models().values()} <= set(authors())


def test_names_are_unique():
    """Ids, slugs and permaslugs, so that a join never doubles a row."""
    slugs = [row["canonical_slug"] for row in read_table("models.csv")]
    permaslugs = [listing.permaslug for listing in listings()]
    ids = [listing.id for listing in listings()]
    assert len(slugs) == len(set(slugs))
    assert len(permaslugs) == len(set(permaslugs))
    assert len(ids) == len(set(ids))


def test_a_listing_is_a_model_with_an_optional_variant():
    """Its permaslug and its id differ in the same suffix only."""
    for listing in listings():
        suffix = f":{listing.variant}" if listing.variant else ""
        assert listing.permaslug == listing.model.canonical_slug + suffix
        assert listing.id == listing.model.id + suffix
        assert listing.is_free == (listing.variant == "free")


def test_no_listing_precedes_its_model():
    """A model leaves the catalogue after its launch, if at all."""
    for listing in listings():
        assert listing.launched >= listing.model.launched
    for model in models().values():
        assert model.delisted is None or model.delisted > model.launched


def test_every_listing_can_be_scaled():
    """Weights and half-lives are positive, so no stratum is empty or fixed."""
    for listing in listings():
        assert listing.peak_weight > 0
        assert listing.half_life_days > 0
        bloc, is_open, is_free = listing.stratum
        assert bloc == listing.model.author.bloc
        assert (is_open, is_free) == (listing.model.is_open, listing.is_free)


def test_comments_in_tables_are_skipped():
    """A line that begins with # holds no row."""
    for path in TABLES.glob("*.csv"):
        rows = read_table(path.name)
        assert rows
        assert not any(value.startswith("#") for row in rows for value in row.values())
