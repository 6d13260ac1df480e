"""What a reply says of consent: STOP, START and HELP as people and their phones write them, by language."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Literal, NamedTuple

Language = Literal["en", "fr", "es", "de", "it", "pt", "nl", "vi", "zh", "ar"]
#: CANCEL is STOP to carriers, and an appointment's end to people. MAYBE_STOP is for a person to decide.
Reply = Literal["STOP", "START", "HELP", "CANCEL", "MAYBE_STOP"]


class _Words(NamedTuple):
    """Whole replies of one language, in small letters without accents and signs."""

    stop: frozenset[str]
    start: frozenset[str]
    help: frozenset[str]
    cancel: frozenset[str]


def _words(stop: str, *, start: str = "", help: str = "", cancel: str = "") -> _Words:  # noqa: A002 - the keyword
    return _Words(*(frozenset(filter(None, text.split(", "))) for text in (stop, start, help, cancel)))


#: Carriers know these everywhere, whatever language is spoken.
_EVERYWHERE = _words(
    "stop, stopall, stop all, unsubscribe, unsub, end, quit, revoke, optout, opt out",
    start="start, unstop, optin, opt in",
    help="help, info",
    cancel="cancel",
)
_LANGUAGES: Mapping[str, _Words] = MappingProxyType(
    {
        "en": _words(
            "remove me, remove me from your list, take me off your list, take me off the list, no more texts, "
            "no more messages, leave me alone"
        ),
        "fr": _words(
            "arret, arreter, arretez, desabonner, desabonnement, desabonnez moi, me desabonner, desinscrire, "
            "desinscription",
            start="commencer, demarrer, reprendre",
            help="aide",
            cancel="annuler, annulez",
        ),
        "es": _words(
            "alto, parar, pare, basta, baja, darse de baja, dar de baja, detener",
            start="empezar, iniciar, comenzar",
            help="ayuda",
            cancel="cancelar, anular",
        ),
        "de": _words(
            "stopp, abmelden, abbestellen, austragen",
            start="starten, anfangen",
            help="hilfe",
            cancel="absagen, stornieren",
        ),
        "it": _words(
            "basta, ferma, disiscrivi, disiscrivimi", start="inizia", help="aiuto", cancel="annulla, cancella"
        ),
        "pt": _words("parar, pare, sair, remover", start="iniciar, comecar", help="ajuda", cancel="cancelar"),
        "nl": _words("stoppen, afmelden, uitschrijven", start="starten, beginnen", cancel="annuleren, afzeggen"),
        "vi": _words("dung, dung lai, ngung, huy dang ky", start="bat dau", cancel="huy"),
        "zh": _words("停止, 退订, 退訂, 停", start="开始, 開始", help="帮助, 幫助", cancel="取消"),
        "ar": _words("توقف, ايقاف, الغاء الاشتراك", start="ابدا, بدء", help="مساعدة", cancel="الغاء"),
    }
)
#: Said with a word that stands for itself: "Stop please", "STOP NOW".
_POLITE = frozenset(
    [
        *("please", "pls", "plz", "thanks", "thank", "you", "thx", "ok", "okay", "just"),
        *("now", "it", "this", "that", "immediately", "asap"),
        *("merci", "svp", "por", "favor", "gracias", "bitte", "danke", "per", "favore", "grazie", "obrigado"),
    ]
)
#: A whole sentence that asks for nothing else.
_SENTENCE = re.compile(
    r"(please |can you |could you |would you |kindly |i want you to |you need to )*"
    r"(stop|quit|cease|do not|dont|never) "
    r"(text|texting|texts|message|messaging|messages|contact|contacting|sms|email|emailing|emails|call|calling|send|sending)"
    r"( me| us| this number| my phone| my number| here)?( any| these| those| your| more)*"
    r"( texts?| messages?| sms| emails?| spam)?( again| anymore| any more| ever again)?( please| thanks| thank you)*"
    r"|(please |kindly |can you |could you )*(unsubscribe|remove|take|opt) (me|us|my number|this number|my phone)"
    r"( off| out| from)?( of)?( your| the| this| these)?( list| texts| messages| sms| emails| mailing list)?"
    r"( please| thanks| thank you)*"
    r"|i (want|wish|would like) to (unsubscribe|opt out|stop)( please| thanks)*"
)
#: Words that may ask for it, among others.
_PROBABLE = re.compile(
    r"^(please )?stop\b(?! (by|at|in|over|off|on|and|the|here|there|for|to)\b)"
    r"|\b(unsubscribe|opt(ing)? ?out|leave me alone|wrong (number|person)|spam|harass\w*"
    r"|stop (text|texting|messag\w+|sms|contact\w*|send\w*|call\w*|email\w*|this|these|all|it|please|bothering)"
    r"|(do not|dont|never|no more) (text|texts|messag\w+|contact\w*|call|calls|email\w*|sms)"
    r"|(remove|take|delete) (me|my (number|phone|email|details)))\b"
)
#: From here on a mail program speaks, or an older message is quoted.
_SIGNATURE = re.compile(
    r"^\s*(--\s*$|__+\s*$|>|sent from my\b|sent via\b|get outlook for\b|envoye de(puis)? mon\b|enviado desde mi\b"
    r"|enviado do meu\b|von meinem .{1,40} gesendet|gesendet von\b|inviato da(l mio)?\b|verzonden (vanaf|met)\b"
    r"|on .{3,120} wrote:|le .{3,120} a ecrit\b|-+ ?original message)",
    re.IGNORECASE | re.MULTILINE,
)
#: A stop sign, a hand, "no entry", "no mobile phones": what is meant is likely, not said.
_SIGN = re.compile("[\U0001f6d1\u270b\u26d4\U0001f6ab\U0001f4f5]")
#: E-mails come as HTML.
_TAG = re.compile(r"<[^<>]{1,300}>")
_LONGEST = 2_000
_LONGEST_PROBABLE = 200


def read_reply(text: str, *, languages: Iterable[str]) -> Reply | None:
    """Return what a reply says of consent, in one of the business's languages; None: it is about something else.

    A stop in a language that the business does not speak is probable: a person decides.
    """
    said = _said(text)
    if not said:
        return "MAYBE_STOP" if _SIGN.search(text) else None
    spoken = (_EVERYWHERE, *(_LANGUAGES[language] for language in languages if language in _LANGUAGES))
    # What stands alone on the first line is the answer, and a name or an address below it is a signature.
    for part in (said, _said(text.strip().partition("\n")[0])):
        for words in spoken:
            found = _meaning(part, words)
            if found is not None:
                return found
    if _SENTENCE.fullmatch(said):
        return "STOP"
    if any(said in words.stop for words in _LANGUAGES.values()):
        return "MAYBE_STOP"
    return "MAYBE_STOP" if len(said) <= _LONGEST_PROBABLE and _PROBABLE.search(said) else None


def _meaning(said: str, words: _Words) -> Reply | None:
    if said in words.stop:
        return "STOP"
    if said in words.start:
        return "START"
    if said in words.help:
        return "HELP"
    return "CANCEL" if said in words.cancel else None


@lru_cache(maxsize=4_096)
def _said(text: str) -> str:
    """Return the words of a reply: small letters without accents, signs, emoji, signature and politeness."""
    plain = unicodedata.normalize("NFKD", _TAG.sub(" ", text[:_LONGEST]))
    plain = "".join(char for char in plain if unicodedata.category(char) not in ("Mn", "Me", "Cf")).casefold()
    signature = _SIGNATURE.search(plain)
    if signature and plain[: signature.start()].strip():
        plain = plain[: signature.start()]
    plain = plain.replace("'", "").replace("\u2019", "")
    words = "".join(char if unicodedata.category(char)[0] in "LN" else " " for char in plain).split()
    if len(words) > 1 and all(len(word) == 1 for word in words):
        words = ["".join(words)]
    if len(words) > 1:
        words = _without_repeats(words)
        kept = [word for word in words if word not in _POLITE]
        if len(kept) == 1:
            words = kept
    return " ".join(words)


def _without_repeats(words: list[str]) -> list[str]:
    return [word for position, word in enumerate(words) if position == 0 or word != words[position - 1]]
