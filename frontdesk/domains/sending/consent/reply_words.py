"""What a reply says of consent: STOP, START and HELP as people and their phones write them, by language."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Literal, NamedTuple

from frontdesk.domains.sending.consent.reply_requests import AGAIN, ME, TEXTS, probably_asks_to_stop
from frontdesk.domains.sending.consent.reply_text import (
    is_signature,
    own_words,
    without_quote_above,
    without_signature,
    word_pairs,
)

Language = Literal["en", "fr", "es", "de", "it", "pt", "nl", "vi", "zh", "ar"]
#: CANCEL is STOP to carriers, and an appointment's end to people. MAYBE_STOP is for a person to decide.
Reply = Literal["STOP", "START", "HELP", "CANCEL", "MAYBE_STOP"]


class _Words(NamedTuple):
    """Whole replies of one language, in small letters and without signs; with accents only if those decide."""

    stop: frozenset[str]
    start: frozenset[str]
    help: frozenset[str]
    cancel: frozenset[str]
    unclear: frozenset[str]  #: more often another word, written just so: a person decides


def _words(
    stop: str,
    *,
    start: str = "",
    help: str = "",  # noqa: A002 - the keyword
    cancel: str = "",
    unclear: str = "",
) -> _Words:
    return _Words(*(frozenset(filter(None, text.split(", "))) for text in (stop, start, help, cancel, unclear)))


#: Carriers know these everywhere, whatever language is spoken.
_EVERYWHERE = _words(
    "stop, stopall, stop all, unsubscribe, unsub, end, quit, revoke, optout, opt out, "
    # Fingers that slip, and the word in other alphabets.
    "sotp, stpo, tsop, st0p, st0pall, 5top, \u0441\u0442\u043e\u043f, \u03c3\u03c4\u03bf\u03c0",
    start="start, unstop, optin, opt in",
    help="help, info",
    cancel="cancel",
)
_LANGUAGES: Mapping[str, _Words] = MappingProxyType(
    {
        "en": _words(
            "remove, remove me, remove me from your list, take me off your list, take me off the list, "
            "no more texts, no more messages, leave me alone"
        ),
        "fr": _words(
            "arret, arreter, arretez, arrete, desabonner, desabonnement, desabonnez moi, me desabonner, desinscrire, "
            "desinscription, ne plus recevoir, ne plus recevoir de sms, ne plus recevoir de messages, "
            "je ne veux plus recevoir de sms, je ne veux plus recevoir de messages, ne mecrivez plus, stop sms",
            start="commencer, demarrer, reprendre",
            help="aide",
            cancel="annuler, annulez",
        ),
        "es": _words(
            "alto, parar, pare, basta ya, baja, darse de baja, darme de baja, dar de baja, "
            "quiero darme de baja, dame de baja, denme de baja, detener, no me escriban mas, "
            "no me escriba mas, no me escribas mas, no me envien mas mensajes, no mas mensajes, "
            "no quiero mas mensajes, desuscribir, desuscribirme",
            start="empezar, iniciar, comenzar",
            help="ayuda",
            cancel="cancelar, anular",
            # "That is all", after a question; "no more, thanks". No carrier takes it.
            unclear="basta, no mas, ya no",
        ),
        "de": _words(
            "stopp, abbestellen, austragen, aufhoren, aufhoeren, hor auf, hort auf, horen sie auf, "
            "keine sms mehr, keine nachrichten mehr, keine werbung mehr",
            start="starten, anfangen",
            help="hilfe",
            # Off the list, or off a class or an appointment.
            cancel="absagen, stornieren, abmelden",
        ),
        "it": _words(
            "disiscrivi, disiscrivimi, basta sms, basta messaggi, non scrivetemi piu, "
            "non scrivermi piu, non voglio piu messaggi, non voglio piu ricevere messaggi",
            start="inizia",
            help="aiuto",
            cancel="annulla, cancella",
            # "That is all"; "it does not move".
            unclear="basta, ferma, smettila, smettetela, smetti, smettete",
        ),
        "pt": _words(
            "parar, pare, sair, remover, descadastrar, nao me escrevam mais, nao me escreva mais, "
            "nao quero mais mensagens, nao quero receber mais mensagens",
            start="iniciar, comecar",
            help="ajuda",
            cancel="cancelar",
        ),
        "nl": _words(
            "stoppen, uitschrijven, geen sms meer, geen berichten meer",
            start="starten, beginnen",
            cancel="annuleren, afzeggen, afmelden",
        ),
        # Without its signs one word is many: "dung" is mostly "\u0111\u00fang" (yes) or a name, "huy" a name.
        "vi": _words(
            "d\u1eebng, ng\u1eebng, ng\u01b0ng, dung lai, ngung lai, dung nhan tin, ngung nhan tin, dung gui tin, "
            "ngung gui tin, huy dang ky, tu choi nhan tin",
            start="bat dau",
            cancel="h\u1ee7y, hu\u1ef7, huy lich, huy hen, huy lich hen",
            unclear="dung, ngung, huy",
        ),
        "zh": _words(
            "停止, 请停止, 請停止, 退订, 退訂, 取消订阅, 取消訂閱, 停, td",
            start="开始, 開始",
            help="帮助, 幫助",
            cancel="取消",
        ),
        "ar": _words(
            "توقف, قف, اوقف, اوقفوا, توقفوا, ايقاف, الغاء الاشتراك",
            start="ابدا, بدء",
            help="مساعدة",
            cancel="الغاء",
            unclear="كفى",
        ),
    }
)
#: Said with a word that stands for itself: "Stop please", "Hi, cancel".
_COURTESY = frozenset(
    [
        *("please", "pls", "plz", "thanks", "thank", "thx"),
        *(
            "merci",
            "svp",
            "por",
            "favor",
            "gracias",
            "bitte",
            "danke",
            "per",
            "favore",
            "grazie",
            "obrigado",
            "aub",
            "alstublieft",
            "alsjeblieft",
            "xin",
            "nhe",
        ),
        *("hi", "hello", "hey", "hola", "bonjour", "hallo", "ciao", "ola"),
    ]
)
#: Said with a word that can only mean one thing: "STOP NOW". Not "it" and "this": "stop it" is banter.
_EMPHASIS = frozenset(["now", "immediately", "asap", "just", "ok", "okay", "already"])
_CLEAR = _EVERYWHERE.stop - {"end", "quit", "revoke"}
#: Said before and after what is meant: "Hi, stop. Thanks".
_GREETING = re.compile(
    r"(?:(?:hi|hello|hey|hola|bonjour|bonsoir|hallo|ciao|ola|salut)(?: there| all| team)? "
    r"|(?:por favor|per favore|bitte|svp|alstublieft) )*"
)
_THANKS = re.compile(
    r"(?:thank you|thanks|thx|cheers|regards|merci|gracias|danke|grazie|obrigad[oa]|bedankt"
    r"|please|pls|plz|por favor|per favore|bitte|svp|alstublieft)$"
)
_NOT = r"(?:stop|quit|cease|do not|dont|never)"
_FROM_LIST = (
    rf" (?:off|out of|from)(?: (?:of|your|the|this|these|any|all))*(?: list| (?:mailing|text|texting) list| {TEXTS})"
)
#: A whole sentence that asks for no more texts, and for nothing else. What is said of calls or e-mails is no such.
_SENTENCE = re.compile(
    r"(?:please |can you |could you |would you |kindly |i want you to |you need to )*"
    r"(?:"
    rf"{_NOT} (?:text|texting|texts|message|messaging|messages|contact|contacting|sms){ME}?{AGAIN}?"
    rf"|{_NOT} (?:send|sending)(?: me| us| this number)?(?: any| these| those| your| more)* {TEXTS}{AGAIN}?"
    rf"|unsubscribe(?:{ME})?(?:{_FROM_LIST})?"
    rf"|(?:remove|take)(?: me| us| my number| this number| my phone number){_FROM_LIST}"
    r"|remove (?:my|this) number"
    rf"|opt (?:me|us|my number|this number) out(?: of(?: your| the| this| these)? (?:list|mailing list|{TEXTS}))?"
    r"|i (?:want|wish|would like) to (?:unsubscribe|opt out)"
    rf"|i (?:want|wish|would like) to stop (?:receiving|getting)(?: any| these| those| your)* {TEXTS}"
    rf"|i (?:do not|dont) want(?: to (?:receive|get))?(?: any| these| those| your| more)* {TEXTS}{AGAIN}?"
    r")(?: please| thanks| thank you)*"
)
#: A stop sign, a hand, "no entry", "no mobile phones": what is meant is likely, not said.
_SIGN = re.compile("[\U0001f6d1\u270b\u26d4\U0001f6ab\U0001f4f5]")
_LONGEST, _LONGEST_PROBABLE = 2_000, 200
_CLAUSE_END = re.compile(r"[.!?,;:\u2013\u2014\u3002\uff0c\uff01\uff1f()]|\s-\s")
_CAPITAL_STOP = re.compile(r"\bSTOP(?:ALL)?\b(?! (?:BY|IN|AT|[Ss]igns?)\b)")
#: Words of lists and answers that are no request where others stand beside them: "Tyres: remove".
_ORDINARY_CLAUSES = frozenset(["end", "quit", "revoke", "remove", "alto", "baja", "sair", "remover"])


class _ReplyWords(NamedTuple):
    """The words of a reply in small letters, without signature and politeness."""

    plain: str
    accented: str


def read_reply(text: str, *, languages: Iterable[str], is_cancel_stop: bool = False) -> Reply | None:
    """Return what a reply says of consent, in one of the business's languages; None: it is about something else.

    A stop in a language that the business does not speak is probable: a person decides. is_cancel_stop: the carriers
    of the provider take CANCEL for STOP, as they do if it is all that is written.
    """
    text = read_part(own_words(text))
    if is_cancel_stop and _is_carriers_cancel(text):
        return "STOP"
    text = without_quote_above(text)
    reply_words = _read_words(text)
    if not reply_words.plain:
        return "MAYBE_STOP" if _SIGN.search(text) else None
    languages = [language for language in languages if language in _LANGUAGES]
    spoken = (_EVERYWHERE, *(_LANGUAGES[language] for language in languages))
    first, _, rest = text.strip().partition("\n")
    # What stands alone on the first line is the answer only where a signature is below it: "End\nof month works".
    for part in (reply_words, _read_words(first)) if is_signature(rest) else (reply_words,):
        for words in spoken:
            reply = _meaning(part, words)
            if reply is not None:
                return reply
    if _SENTENCE.fullmatch(reply_words.plain):
        return "STOP"
    is_probable = (
        any(reply_words.accented in words.unclear for words in spoken)
        or any(_meaning(reply_words, words) == "STOP" for words in _LANGUAGES.values())
        or probably_asks_to_stop(reply_words.plain)
        or _has_stop_among_words(text, spoken)
    )
    return "MAYBE_STOP" if is_probable else None


def read_part(text: str) -> str:
    """Return as much of a reply as is read."""
    return text[:_LONGEST]


def _is_carriers_cancel(text: str) -> bool:
    outer = "".join(char for char in set(text) if char.isspace() or unicodedata.category(char)[0] == "P")
    return text.strip(outer).casefold() == "cancel"


def _has_stop_among_words(text: str, spoken: Iterable[_Words]) -> bool:
    """Tell whether a clause is a word of stopping, or one is in capitals: "Who is this? stop", "I said STOP"."""
    text = without_signature(text)[:_LONGEST_PROBABLE]
    if text != text.upper() and _CAPITAL_STOP.search(text):
        return True
    clauses = [" ".join(plain for plain, _ in word_pairs(clause)) for clause in _CLAUSE_END.split(text)]
    known = _CLEAR.union(*(words.stop for words in spoken)) - _ORDINARY_CLAUSES
    return any(clause in known for clause in clauses)


def _meaning(reply_words: _ReplyWords, words: _Words) -> Reply | None:
    meanings: tuple[tuple[Reply, frozenset[str]], ...] = (
        ("STOP", words.stop),
        ("START", words.start),
        ("HELP", words.help),
        ("CANCEL", words.cancel),
    )
    return next(
        (meaning for meaning, known in meanings if reply_words.plain in known or reply_words.accented in known), None
    )


def _read_words(text: str) -> _ReplyWords:
    words = word_pairs(without_signature(text))
    if len(words) > 1 and all(len(plain) == 1 for plain, _ in words):
        words = [("".join(plain for plain, _ in words), "".join(accented for _, accented in words))]
    if len(words) > 1:
        words = _without_politeness(_without_repeats(words))
    words = _without_greeting(words)
    return _ReplyWords(" ".join(plain for plain, _ in words), " ".join(accented for _, accented in words))


def _without_politeness(words: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return the one word that is meant, or all of them."""
    before = ["", *(plain for plain, _ in words)]
    meaningful = [
        word
        for word, previous in zip(words, before, strict=False)
        if word[0] not in _COURTESY and (previous, word[0]) != ("thank", "you")
    ]
    if len(meaningful) == 1:
        return meaningful
    meaningful = [word for word in meaningful if word[0] not in _EMPHASIS]
    return meaningful if len(meaningful) == 1 and meaningful[0][0] in _CLEAR else words


def _without_greeting(words: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return what is said between greeting and thanks; a greeting or thanks alone are as they are."""
    text = " ".join(plain for plain, _ in words)
    greeting = _GREETING.match(text)
    first = len(greeting.group().split()) if greeting else 0
    text, words = text[greeting.end() :] if greeting else text, words[first:]
    while (thanks := _THANKS.search(text)) and text[: thanks.start()].endswith(" "):
        text, words = text[: thanks.start()].rstrip(), words[: -len(thanks.group().split())]
    return words


def _without_repeats(words: list[tuple[str, str]]) -> list[tuple[str, str]]:
    return [word for position, word in enumerate(words) if position == 0 or word[0] != words[position - 1][0]]
