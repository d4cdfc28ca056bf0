"""The grid tells every verdict apart at a glance, by symbols alone and within 80 columns."""

from support.months import months

from pipeline.core.months import SERVICES
from pipeline.operate.grid import SYMBOLS, grid
from pipeline.survey.verdict import Judged, Verdict

VERDICTS = [*Verdict]


def judged_in_turn():
    """Green from its first month on, and fhvhv, which began in February 2019; verdicts in turn."""
    found = [*months("green", "2014-01..2014-12"), *months("fhvhv", "2019-02..2019-12")]
    return {month: Judged(VERDICTS[month.month % 5], "", None) for month in found}


def drawn(services):
    return [line.plain for line in grid(judged_in_turn(), services)]


def test_a_year_is_a_line_of_twelve_symbols_and_blank_where_a_service_had_not_begun():
    assert drawn(["green", "fhvhv"]) == [
        "                 green         fhvhv",
        "                 JFMAMJJASOND  JFMAMJJASOND",
        "           2014  ~oX.#~oX.#~o",
        "           2015",
        "           2016",
        "           2017",
        "           2018",
        "           2019                 oX.#~oX.#~o",
        "",
        "# done           2             2",
        "~ stale          3             2",
        "o missing        3             3",
        "X failed         2             2",
        ". not published  2             2",
    ]


def test_all_services_fit_into_80_columns():
    assert max(map(len, drawn(SERVICES))) <= 80


def test_no_two_verdicts_share_a_symbol_or_a_colour():
    symbols, styles = zip(*SYMBOLS.values(), strict=True)
    assert SYMBOLS.keys() == {*Verdict}
    assert len({*symbols}) == len({*styles}) == len(Verdict)
