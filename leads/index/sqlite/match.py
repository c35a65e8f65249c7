"""A query as SQL: one FTS5 MATCH for words, tags and cells, plain columns for the rest. Pure.

Every value travels as a bound parameter; the MATCH string is built from terms of letters and digits only
(`leads.index.terms`), so nothing a user types is ever read as FTS5 syntax.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

from leads.errors import QueryError
from leads.index.cursors import Cursor
from leads.index.terms import area_term, near_terms, specialty_term, symptom_term, word_term
from leads.models import All, AnyOf, LeadQuery, Nearby, Needs, Phrase, Rule, TagField, Tagged, Without

ROWID_BITS = 20  # rowid = seconds << 20 | n: a million posts a second, and exact as a float until 2242


def select(
    columns: str, query: LeadQuery, cursor: Cursor[int] | None = None
) -> tuple[str, list[str | int | float]]:
    """A SELECT over `leads` and its parameters. Rows come in the query's order unless that needs distances.

    Raises:
        QueryError: the text is not a rule, or distance order without a point.
    """
    if query.sort == "nearest" and query.near is None:
        raise QueryError("按距离排序需要先给出位置（--near 纬度,经度）。")
    where, values = ["head IS NULL"], list[str | int | float]()
    source = "leads"
    match = match_expression(query)
    if match:
        # CROSS JOIN fixes the order: words first, rows after (SQLite never reorders it).
        source = "fts CROSS JOIN leads ON leads.rowid = fts.rowid"
        where.append("fts MATCH ?")
        values.append(match)
    table = "fts" if match else "leads"
    for moment, sign in ((query.since, ">="), (query.until, "<")):
        if moment is not None:
            where.append(f"{table}.rowid {sign} ?")
            values.append(first_rowid(moment.timestamp()))
    if query.min_need > 0:
        where.append("need >= ?")
        values.append(query.min_need)
    for column, allowed in (
        ("intent", query.intents), ("source", query.sources),
        ("status", query.statuses), ("assignee", query.assignees),
    ):  # fmt: skip
        if allowed:
            where.append(f"{column} IN ({', '.join('?' * len(allowed))})")
            values.extend(allowed)
    for rule in conjuncts(query.words):
        if not in_fts(rule):
            sql, given = _condition(rule)
            where.append(f"({sql})")
            values += given
    if cursor is not None:
        where.append(f"({_KEYS[query.sort].format(table)}, {table}.rowid) < (?, ?)")
        values += [cursor.key, cursor.tie]
    sql = f"SELECT {_qualified(columns)} FROM {source} WHERE {' AND '.join(where)}"  # noqa: S608 - own names, bound values
    if columns != "count(*)":
        sql += (
            f" ORDER BY {_KEYS[query.sort].format(table)} DESC, {table}.rowid DESC" if _ordered(query) else ""
        )
    return sql, values


_KEYS = {"newest": "{}.rowid", "score": "hot", "nearest": "hot"}


def _ordered(query: LeadQuery) -> bool:
    return query.sort == "newest" or (query.sort == "score" and query.near is None)


def _qualified(columns: str) -> str:
    return columns.replace("rowid", "leads.rowid")


def first_rowid(seconds: float) -> int:
    """The smallest rowid of posts published at or after this second; fractions round up."""
    return -int(-seconds // 1) << ROWID_BITS


def match_expression(query: LeadQuery) -> str:
    """The FTS5 expression, "" when words, tags and cells do not restrict."""
    parts = [words_match(rule) for rule in conjuncts(query.words) if in_fts(rule)]
    for codes, term in ((query.symptoms, symptom_term), (query.specialties, specialty_term)):
        if codes:
            parts.append(_tags([term(code) for code in codes]))
    if query.area:
        parts.append(_tags([area_term(query.area)]))
    if query.near is not None:
        terms = near_terms(query.near, query.precision)
        if terms:
            parts.append(_tags(terms))
    return " AND ".join(f"({part})" for part in parts)


def conjuncts(rule: Rule | None) -> Iterator[Rule]:
    """Rules that all have to hold, instead of the one."""
    match rule:
        case None:
            return
        case All(parts):
            for part in parts:
                yield from conjuncts(part)
        case _:
            yield rule


def in_fts(rule: Rule) -> bool:
    """The full-text table can answer it alone: nothing in it asks for a column."""
    match rule:
        case Phrase() | Nearby():
            return True
        case Tagged(field, _):
            return field in _TERMS
        case Needs():
            return False
        case All(parts) | AnyOf(parts):
            return all(map(in_fts, parts))
        case Without(part):
            return in_fts(part)


def restricts(query: LeadQuery) -> bool:
    """Not every lead matches."""
    return replace(query, sort="score", limit=0, cursor="", precision="likely") != _EVERYTHING


_EVERYTHING = LeadQuery(limit=0)


def _tags(terms: list[str]) -> str:
    return "tags : (" + " OR ".join(dict.fromkeys(terms)) + ")"


_TERMS: Mapping[TagField, Callable[[str], str]] = {
    "symptom": symptom_term, "specialty": specialty_term, "area": area_term
}  # fmt: skip


def words_match(rule: Rule) -> str:
    """The FTS5 expression of a rule that `in_fts` takes."""
    match rule:
        case Phrase((token,)):
            return f'{{words subwords}} : "{word_term(token)}"'
        case Phrase(tokens):
            return f"words : {_quoted(tokens)}"
        case Nearby(left, right, within):
            return f"words : NEAR({_quoted(left)} {_quoted(right)}, {within:d})"
        case Tagged(field, value):
            return _tags([_TERMS[field](value)])
        case AnyOf(parts):
            return " OR ".join(f"({words_match(part)})" for part in parts)
        case All(parts):
            return " AND ".join(f"({words_match(part)})" for part in parts)
        case Without(part):
            # FTS5's NOT takes two sides; "zall" stands in every document.
            return f"(tags : zall) NOT ({words_match(part)})"
        case Needs():
            raise AssertionError(rule)  # `in_fts` has looked


def _quoted(tokens: tuple[str, ...]) -> str:
    return '"' + " ".join(map(word_term, tokens)) + '"'


def _condition(rule: Rule) -> tuple[str, list[str | int | float]]:
    """A rule that asks for columns, too, as SQL over `leads`."""
    if in_fts(rule):
        return "leads.rowid IN (SELECT rowid FROM fts WHERE fts MATCH ?)", [words_match(rule)]
    match rule:
        case Tagged(field, value):
            return f"leads.{field} = ?", [value]
        case Needs(sign, value):
            return f"leads.need {sign} ?", [value]
        case Without(part):
            sql, values = _condition(part)
            return f"NOT ({sql})", values
        case All(parts) | AnyOf(parts):
            found = [_condition(part) for part in parts]
            word = " AND " if isinstance(rule, All) else " OR "
            return word.join(f"({sql})" for sql, _ in found), [value for _, its in found for value in its]
        case _:
            raise AssertionError(rule)  # words are for FTS5
