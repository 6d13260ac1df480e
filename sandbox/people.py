"""Invented people: names, numbers of the ranges that regulators keep for fiction, and reserved e-mail domains."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from sandbox.identifiers import base62

# Every number below is fictitious by rule: 555-0100 to 555-0199 in each North American area code; 5550 and 7010 in
# Australia (its reserved mobiles are only some thirty numbers, so mobiles are not used); Ofcom's drama ranges.
_FIRST_BUSINESS_NUMBERS = 2  # 555-0100 and 555-0101 belong to the businesses themselves
_AREA_CODES_CA = "204 236 249 250 289 343 403 416 418 438 450 506 514 519 581 587 604 613 647 705 778 807 819 902 905"
_AREA_CODES_US = (
    "201 202 203 205 206 207 208 209 210 212 213 214 215 216 217 218 219 224 225 228 229 231 234 239 240 248 251 252 "
    "253 254 256 260 262 267 269 270 276 281 301 302 303 304 305 307 308 309 310 312 313 314 315 316 317 318 319 320 "
    "321 323 325 330 331 334 336 337 339 347 351 352 360 361 386 401 402 404 405 406 407 408 409 410 412 413 414 415 "
    "417 419 423 425 430 432 434 435 440 443 469 478 479 480 484 501 502 503 504 505 507 508 509 510 512 513 515 516"
)
_UK_RANGES = "7700900 2079460 1214960 1134960 1144960 1154960 1164960 1174960 1184960 1514960 1614960 1314960 1414960"
_AU_RANGES = "85550 87010"

_FIRST_NAMES = (
    "Ava Ben Chloe Daniel Ella Finn Grace Henry Isla Jack Kira Liam Mia Noah Olivia Priya Quinn Ruby Samir Tara "
    "Uma Victor Wendy Xavier Yusuf Zoë Amara Bruno Carmen Diego Elif Farid Greta Hana Ivan Jamila Kenji Lucía Mateo "
    "Nadia Omar Paula Ravi Sofia Tomás Ursula Vera Wei Yara Zane Alice Blake Cora Dylan Esther Felix Gemma Hugo "
    "Irene Jonas"
)
_LAST_NAMES = (
    "Nguyen Smith O'Brien Patel Garcia Kim Jones Brown Singh Wilson Taylor Müller Rossi Silva Chen Ali Kowalski "
    "Moore Martin Clarke Walker Young Hall Wright Lopez Hill Scott Green Adams Baker Rivera Campbell Mitchell Carter "
    "Roberts Gómez Phillips Evans Turner Torres Parker Collins Edwards Stewart Flores Morris Murphy Cook Rogers "
    "Morgan Peterson Cooper Reed Bailey Bell Kelly Howard Ward Cox Diaz Richardson Wood Watson Brooks Bennett "
    "Gray James Reyes Cruz"
)
_MAIL_DOMAINS = ("example.com", "example.org", "example.net")  # RFC 2606


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who buys."""

    key: str  # unique in the story; every provider's id of this person is derived from it
    first_name: str
    last_name: str
    phone: str  # E.164
    email: str
    country: str
    number: int  # even, unique within a business; the odd one after it is kept for a relative
    company: str | None = None

    @property
    def name(self) -> str:
        """First and last name."""
        return f"{self.first_name} {self.last_name}"


def invent_person(
    rng: Random, *, key: str, number: int, country: str, family_of: Person | None = None, company: str | None = None
) -> Person:
    """Return a person. `number`, unique within a business, picks the phone; family shares last name and e-mail."""
    first_name = rng.choice(_FIRST_NAMES.split())
    last_name = family_of.last_name if family_of else rng.choice(_LAST_NAMES.split())
    mailbox = "".join(c for c in f"{first_name}.{last_name}".lower() if c.isascii() and (c.isalnum() or c == "."))
    return Person(
        key=key,
        first_name=first_name,
        last_name=last_name,
        phone=_fictitious_phone(number, country),
        email=family_of.email
        if family_of
        else f"{mailbox}.{base62(key, length=5).lower()}@{rng.choice(_MAIL_DOMAINS)}",
        country=country,
        number=number,
        company=company,
    )


def spell_phone(phone: str, rng: Random) -> str:
    """Return one of the ways in which people and systems write this E.164 number in its own country."""
    if phone.startswith("+1"):
        area, exchange, line = phone[2:5], phone[5:8], phone[8:]
        spellings = (
            phone,
            f"({area}) {exchange}-{line}",
            f"{area}-{exchange}-{line}",
            phone[2:],
            f"1 {area} {exchange} {line}",
        )
    elif phone.startswith("+61"):
        area, front, back = phone[3:4], phone[4:8], phone[8:]
        spellings = (phone, f"0{area} {front} {back}", f"(0{area}) {front} {back}", phone[1:], f"0{phone[3:]}")
    else:
        national = phone[3:]
        spellings = (phone, f"0{national}", f"0{national[:4]} {national[4:]}", f"+44 (0){national}", phone[1:])
    return rng.choice(spellings)


def _fictitious_phone(number: int, country: str) -> str:
    if country in {"CA", "US"}:
        areas = (_AREA_CODES_CA if country == "CA" else _AREA_CODES_US).split()
        line, area = divmod(number, len(areas))
        return f"+1{areas[area]}55501{_FIRST_BUSINESS_NUMBERS + line % 98:02d}"
    if country == "AU":
        ranges = _AU_RANGES.split()
        return f"+61{ranges[number % 2]}{200 + number // 2 % 9800:04d}"
    ranges = _UK_RANGES.split()
    line, area = divmod(number, len(ranges))
    return f"+44{ranges[area]}{_FIRST_BUSINESS_NUMBERS + 98 + line % 900:03d}"
