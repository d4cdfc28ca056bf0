"""New York in numbers: its zones, and how its trips spread over them and over the week.

Belongs here: the constants that sample months are drawn from. Not here: drawing (``draws.py``).
"""

from typing import Final


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(int(word) for word in text.split())


JFK, LAGUARDIA, NEWARK = 132, 138, 1
AIRPORTS: Final = (JFK, LAGUARDIA, NEWARK)
AIRPORT_MILES: Final = {JFK: 13.5, LAGUARDIA: 7.5, NEWARK: 15.0}
UNKNOWN_ZONE, OUTSIDE_ZONE = 264, 265
ZONES: Final = range(1, OUTSIDE_ZONE + 1)

MANHATTAN: Final = _numbers(
    "4 12 13 24 41 42 43 45 48 50 68 74 75 79 87 88 90 100 107 113 114 116 125 137 140 141 142 143"
    " 144 148 151 152 158 161 162 163 164 166 170 186 194 202 209 211 224 229 230 231 232 233 234"
    " 236 237 238 239 243 244 246 249 261 262 263"
)

POPULAR_ZONES: Final = {
    "yellow": _numbers("237 236 161 132 186 162 142 230 138 170 239 163 141 234 48 68 238 264"),
    "green": _numbers("74 75 95 43 166 82 41 97 65 7 129 130 42 181 260 25 244 226 264"),
    "fhv": _numbers("265 264 132 138 61 37 76 213 247 169 212 225 39 188 35 136 242"),
    "fhvhv": _numbers("138 132 61 79 37 230 161 234 42 76 231 48 7 225 39 244 89 68 265"),
}
"""The zones where most trips begin and end, busiest first."""

# Trips per hour of the day: rush hours on workdays, nights at weekends.
WORKDAY_HOURS: Final = _numbers(
    "16 9 6 5 7 13 32 62 78 74 68 68 70 73 80 86 92 100 98 82 65 55 43 29"
)
WEEKEND_HOURS: Final = _numbers(
    "62 52 41 29 18 11 14 20 33 49 61 68 73 76 78 79 79 80 82 80 71 68 67 62"
)
WEEKDAYS: Final = (0.84, 0.94, 1.0, 1.03, 1.04, 1.05, 0.85)
"""Trips per day, Monday first."""
