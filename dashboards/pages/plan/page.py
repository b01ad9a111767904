"""The plan: a model of the market, devices, a speed and a load; buy or make, and how sure."""

from collections.abc import Sequence

from dashboards.components.filters import Control, Filters
from dashboards.components.page import Card, CardPage, Heading, Listed, rows_only
from dashboards.generations import OpenGeneration
from dashboards.pages.plan import figures, tables
from dashboards.planner.devices import presets
from dashboards.planner.inputs import (
    AUTO,
    FIELDS,
    NONE,
    InvalidPlanError,
    NumberField,
    PlanInputs,
    write_command,
)
from dashboards.planner.plan import CURVE, NEEDS, plan_query
from dashboards.query import Query, query

EMPTY = "There is no such plan."
WHAT_IF = "what if; $/Mtok of the plan's mix"


def controls(generation: OpenGeneration) -> Sequence[Control]:
    """Return the controls: model, target, preset, and a field for each number."""
    families, targets = _families(generation), _targets(generation)
    return (
        Control(
            name="model",
            label="Model",
            options=families,
            default=families[0][0] if families else "",
            kind="select",
        ),
        Control(
            name="target",
            label="Measured by",
            options=(
                (AUTO, "The one that serves the model"),
                (NONE, "Nothing: all is given"),
                *targets,
            ),
            kind="select",
            help="Its newest day fills in what you leave empty",
        ),
        Control(
            name="preset",
            label="Kind of device",
            options=(("", "Those of the target"), *((p.key, p.label) for p in presets().values())),
            kind="select",
            help="Approximate public prices",
        ),
        *map(_field, FIELDS),
        Control(name="date", label="Day", kind="hidden"),
    )


def _field(field: NumberField) -> Control:
    label = f"{field.label}, {field.unit}" if field.unit else field.label
    return Control(name=field.name, label=label, kind="text", help=field.help)


def _families(generation: OpenGeneration) -> list[tuple[str, str]]:
    if not generation.tables.issuperset(NEEDS):
        return []
    slugs = generation.frame(query("plan/families"))["model_family"]
    return [(slug, generation.names.full(slug)) for slug in slugs]


def _targets(generation: OpenGeneration) -> list[tuple[str, str]]:
    """Return the services, and below them the targets of services that have several."""
    if not generation.tables.issuperset(NEEDS):
        return []
    rows = generation.frame(query("plan/targets")).to_dicts()
    return [(row["who"], row["label"]) for row in rows]


def cards(filters: Filters) -> Sequence[Listed]:
    """Return the cards of a plan; of one that cannot be read, the reason."""
    try:
        inputs = PlanInputs.parse(filters.values)
    except InvalidPlanError as error:
        return (Heading("This is no plan yet", str(error)),)
    note = f"The same figures in a terminal: `{write_command(filters.values)}`"
    plan, curve = plan_query(inputs), plan_query(inputs, CURVE)
    return (*_word_cards(plan, note), *_chart_cards(plan, curve), _input_card(plan))


def _word_cards(plan: Query, note: str) -> Sequence[Listed]:
    return (
        Card(
            key="verdict",
            title="Buy or make",
            query=plan,
            draw=tables.verdict,
            unit=f"{WHAT_IF}; bounds in brackets",
            half="both",
            width="full",
            height=160,
            empty=EMPTY,
            note=note,
            needs=NEEDS,
        ),
        Card(
            key="prices",
            title="Our cost beside each price",
            query=plan,
            draw=rows_only(tables.prices),
            unit=f"{WHAT_IF}; a month has 730.5 hours",
            half="both",
            width="full",
            height=150,
            empty=EMPTY,
            needs=NEEDS,
        ),
    )


def _chart_cards(plan: Query, curve: Query) -> Sequence[Listed]:
    return (
        Card(
            key="curve",
            title="Buy or make, by load",
            query=curve,
            draw=figures.cost_by_load,
            unit=WHAT_IF,
            half="both",
            height=400,
            empty=EMPTY,
            needs=NEEDS,
        ),
        Card(
            key="hours",
            title="Load by hour, and the load of break-even",
            query=plan,
            draw=figures.load_by_hour,
            unit="share of the hour with running requests",
            half="both",
            height=400,
            empty=EMPTY,
            note="The mean of the hours decides: devices cost the same whether busy or not.",
            needs=NEEDS,
        ),
    )


def _input_card(plan: Query) -> Card:
    return Card(
        key="inputs",
        title="Inputs, and where each comes from",
        query=plan,
        draw=rows_only(tables.inputs),
        unit="of all devices, unless it says otherwise",
        half="both",
        width="full",
        height=420,
        empty=EMPTY,
        note="An hour of devices is their price over the years of amortisation. A preset has an "
        "approximate public price: ask for an offer before you buy.",
        needs=NEEDS,
    )


PLAN = CardPage(
    path="/plan",
    name="Plan",
    about="Buy or make, before you buy devices: cost on them beside the market's prices.",
    controls=controls,
    cards=lambda filters, _: cards(filters),
)
