"""What a reply says of consent: STOP, START and HELP as people and their phones write them, by language."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Literal, NamedTuple

from core.reply_text import is_signature, without_quote_above, without_signature, word_pairs

Language = Literal["en", "fr", "es", "de", "it", "pt", "nl", "vi", "zh", "ar"]
#: CANCEL is STOP to carriers, and an appointment's end to people. MAYBE_STOP is for a person to decide.
Reply = Literal["STOP", "START", "HELP", "CANCEL", "MAYBE_STOP"]


class _Words(NamedTuple):
    """Whole replies of one language, in small letters and without signs; with accents only where those decide."""

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
    "sotp, stpo, tsop, st0p, st0pall, \u0441\u0442\u043e\u043f, \u03c3\u03c4\u03bf\u03c0",
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
            "arret, arreter, arretez, desabonner, desabonnement, desabonnez moi, me desabonner, desinscrire, "
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
            "no quiero mas mensajes",
            start="empezar, iniciar, comenzar",
            help="ayuda",
            cancel="cancelar, anular",
            # "That is all", after a question; no carrier takes it.
            unclear="basta",
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
            unclear="basta, ferma",
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
        "zh": _words("停止, 退订, 退訂, 停", start="开始, 開始", help="帮助, 幫助", cancel="取消"),
        "ar": _words("توقف, ايقاف, الغاء الاشتراك", start="ابدا, بدء", help="مساعدة", cancel="الغاء"),
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
_TEXTS = r"(?:texts?|text messages?|messages?|sms|spam)"
_NOT = r"(?:stop|quit|cease|do not|dont|never)"
_ME = r"(?: me| us| this number| my number| my phone number| my phone| here)"
_AGAIN = r"(?: again| any ?more| ever again)"
_FROM_LIST = (
    rf" (?:off|out of|from)(?: (?:of|your|the|this|these|any|all))*(?: list| (?:mailing|text|texting) list| {_TEXTS})"
)
#: A whole sentence that asks for no more texts, and for nothing else. What is said of calls or e-mails is no such.
_SENTENCE = re.compile(
    r"(?:please |can you |could you |would you |kindly |i want you to |you need to )*"
    r"(?:"
    rf"{_NOT} (?:text|texting|texts|message|messaging|messages|contact|contacting|sms){_ME}?{_AGAIN}?"
    rf"|{_NOT} (?:send|sending)(?: me| us| this number)?(?: any| these| those| your| more)* {_TEXTS}{_AGAIN}?"
    rf"|unsubscribe(?:{_ME})?(?:{_FROM_LIST})?"
    rf"|(?:remove|take)(?: me| us| my number| this number| my phone number){_FROM_LIST}"
    r"|remove (?:my|this) number"
    rf"|opt (?:me|us|my number|this number) out(?: of(?: your| the| this| these)? (?:list|mailing list|{_TEXTS}))?"
    r"|i (?:want|wish|would like) to (?:unsubscribe|opt out)"
    rf"|i (?:want|wish|would like) to stop (?:receiving|getting)(?: any| these| those| your)* {_TEXTS}"
    rf"|i (?:do not|dont) want(?: to (?:receive|get))?(?: any| these| those| your| more)* {_TEXTS}{_AGAIN}?"
    r")(?: please| thanks| thank you)*"
)
#: "You never text me", "we do not text": who says so asks for nothing.
_NOT_TOLD = r"(?<!\bi )(?<!\bwe )(?<!\byou )(?<!\bthey )"
#: What somebody can be taken off besides a list of texts.
_ELSEWHERE = (
    r"(?! (?:from|off|out of) (?:\w+ ){0,2}(?:wait|waitlist|waiting|class|schedule|calendar|bookings?|appointments?"
    r"|slot|roster|group|queue|course|session|invoice|\w+day|\d+\w*)\b)"
)
#: Words that may ask for it, among others.
_PROBABLE = re.compile(
    r"^(?:please |pls |plz |just )?stop\b(?! (?:by|at|in|over|off|on|and|the|here|there|for|to|before|near|next"
    r"|outside|behind|with|work|working|repairing)\b)"
    r"|\b(?:unsubscribe|opt(?:ing)? ?out|leave me alone|harass\w*)\b"
    r"|^(?!.*\b(?:gave|give|given|typed|wrote|put|entered|called|dialled|dialed|rang|texted|sent|used|left)\b)"
    r".*\bwrong (?:number|person)\b"
    r"|(?<!\bin )(?<!\bmy )(?<!\bthe )(?<!\bto )\bspam(?:ming)?\b(?! (?:folder|filter|box|mail|calls?|popups?)\b)"
    r"|\bstop (?:text\w*|messag\w+|sms|contact\w*|send\w*|call\w*|email\w*|bothering)\b"
    rf"|\bstop(?: \w+)? (?:{_TEXTS}|reminders?)\b|\bstop (?:this|these|those|that|it|all|them|please)$"
    rf"|\b(?:told you (?:do not|dont|never)|{_NOT_TOLD}(?:do not|dont|never))"
    r" (?:text|texts|messag\w+|contact\w*|sms)\b"
    r"(?!(?: me| us)? (?:till?|until|before|between|during|while|and|late|early|him|her|them|the|your|any(?:one|body)"
    r"|my (?!number|phone|cell|mobile))\b)"
    r"|\bno more (?:texts?|messag\w+|sms|calls?|e ?mails?|reminders?)\b"
    rf"|\b(?:do not|dont) send(?: me| us)?(?: any ?more(?: {_TEXTS}|$)| again$)"
    rf"|{_NOT_TOLD}\b(?:do not|dont|never|stop|quit) (?:call|calling|calls|e ?mail|e ?mailing|e ?mails|ring|ringing)"
    rf"{_ME}?{_AGAIN}?(?: please| thanks| thank you)*$"
    rf"|\b(?:remove|delete) (?:me|us)\b{_ELSEWHERE}|\btake (?:me|us|my number)(?= off| out){_ELSEWHERE}"
    r"|\b(?:remove|delete) my (?:number|phone|phone number|e ?mail|e ?mail address|details)"
    r"(?=$| please| thanks| now| from (?:your|the|this) (?:list|system|records?|database|files?|messages|texts))"
)
#: The same in the languages of a business.
_PROBABLE_IN: Mapping[str, re.Pattern[str]] = MappingProxyType(
    {
        "vi": re.compile(
            r"^(xin |hay |vui long )?(dung|ngung) lai\b|\b(dung|ngung|tu choi) (nhan|gui) tin\b|\bhuy dang ky\b"
        ),
        "fr": re.compile(
            r"\bne (veux |souhaite |desire |voudrais )?plus (recevoir|etre contacte)"
            r"|\bne (me |m)(ecri|envo|contact|appel)\w* plus\b(?! (tot|tard|que)\b)"
            r"|\b(desabonn|desinscri)\w*\b(?! (du|de la|de ma|de mon|au) (cours|seance|atelier|stage)\b)"
        ),
        "es": re.compile(
            r"\bno (me|nos) (escrib|envi|mand|llam|contact)\w* mas\b"
            r"(?! (tarde|temprano|adelante|fotos|cerca)\b)|\b(dar|dame|darme|darse|denme) de baja\b"
            r"|\bno (quiero|deseo) (recibir )?mas (mensajes|sms)\b|\bno mas (mensajes|sms)\b|\bbasta ya\b"
        ),
        "de": re.compile(
            r"(?<!\bhabe )(?<!\bhab )\bkeine? (weiteren )?(sms|nachrichten?|werbung|anrufe|e ?mails?|mails?)"
            r"( \w+){0,2} mehr\b"
            r"|^(bitte )?(hor|hort|horen sie) (\w+ )?auf\b|\baus (dem|ihrem) verteiler\b"
        ),
        "it": re.compile(
            r"\bnon (\w+ )?(voglio|desidero) piu\b.{0,20}\b(ricevere|messaggi|sms)\b|\bbasta (messaggi|sms)\b"
            r"|\bnon (mi )?(scriv|invi|mand|contatt|chiam)\w* piu\b|\bdisiscri\w*"
        ),
        "pt": re.compile(
            r"\bnao (quero|desejo) (mais )?(receber )?(mais )?(mensagens|sms)\b|\bdescadastr\w*"
            r"|\bnao (me|nos) (escrev|envi|mand|contat|lig)\w* mais\b"
        ),
        "nl": re.compile(r"\bgeen (sms|smsjes|berichten|reclame|e ?mails?)( \w+){0,2} meer\b|\buitschrijven\b"),
    }
)
#: A stop sign, a hand, "no entry", "no mobile phones": what is meant is likely, not said.
_SIGN = re.compile("[\U0001f6d1\u270b\u26d4\U0001f6ab\U0001f4f5]")
_LONGEST = 2_000
_LONGEST_PROBABLE = 200


class _Said(NamedTuple):
    """The words of a reply in small letters, without signature and politeness."""

    plain: str
    accented: str


def read_reply(text: str, *, languages: Iterable[str], is_cancel_stop: bool = False) -> Reply | None:
    """Return what a reply says of consent, in one of the business's languages; None: it is about something else.

    A stop in a language that the business does not speak is probable: a person decides. is_cancel_stop: the carriers
    of the provider take CANCEL for STOP, as they do where it is all that is written.
    """
    text = read_part(text)
    if is_cancel_stop and _is_carriers_cancel(text):
        return "STOP"
    text = without_quote_above(text)
    said = _said(text)
    if not said.plain:
        return "MAYBE_STOP" if _SIGN.search(text) else None
    languages = [language for language in languages if language in _LANGUAGES]
    spoken = (_EVERYWHERE, *(_LANGUAGES[language] for language in languages))
    first, _, rest = text.strip().partition("\n")
    # What stands alone on the first line is the answer only where a signature is below it: "End\nof month works".
    for part in (said, _said(first)) if is_signature(rest) else (said,):
        for words in spoken:
            found = _meaning(part, words)
            if found is not None:
                return found
    if _SENTENCE.fullmatch(said.plain):
        return "STOP"
    is_probable = (
        any(said.accented in words.unclear for words in spoken)
        or any(_meaning(said, words) == "STOP" for words in _LANGUAGES.values())
        or _is_probable(said.plain, languages)
    )
    return "MAYBE_STOP" if is_probable else None


def read_part(text: str) -> str:
    """Return as much of a reply as is read."""
    return text[:_LONGEST]


def _is_carriers_cancel(text: str) -> bool:
    outer = "".join(char for char in set(text) if char.isspace() or unicodedata.category(char)[0] == "P")
    return text.strip(outer).casefold() == "cancel"


def _is_probable(said: str, languages: Iterable[str]) -> bool:
    probable = (_PROBABLE, *(_PROBABLE_IN[language] for language in languages if language in _PROBABLE_IN))
    return len(said) <= _LONGEST_PROBABLE and any(pattern.search(said) for pattern in probable)


def _meaning(said: _Said, words: _Words) -> Reply | None:
    meanings: tuple[tuple[Reply, frozenset[str]], ...] = (
        ("STOP", words.stop),
        ("START", words.start),
        ("HELP", words.help),
        ("CANCEL", words.cancel),
    )
    return next((meaning for meaning, known in meanings if said.plain in known or said.accented in known), None)


def _said(text: str) -> _Said:
    words = word_pairs(without_signature(text))
    if len(words) > 1 and all(len(plain) == 1 for plain, _ in words):
        words = [("".join(plain for plain, _ in words), "".join(accented for _, accented in words))]
    if len(words) > 1:
        words = _without_politeness(_without_repeats(words))
    words = _without_greeting(words)
    return _Said(" ".join(plain for plain, _ in words), " ".join(accented for _, accented in words))


def _without_politeness(words: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return the one word that is meant, or all of them."""
    before = ["", *(plain for plain, _ in words)]
    said = [
        word
        for word, previous in zip(words, before, strict=False)
        if word[0] not in _COURTESY and (previous, word[0]) != ("thank", "you")
    ]
    if len(said) == 1:
        return said
    said = [word for word in said if word[0] not in _EMPHASIS]
    return said if len(said) == 1 and said[0][0] in _CLEAR else words


def _without_greeting(words: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return what is said between greeting and thanks; a greeting or thanks alone are as they are."""
    said = " ".join(plain for plain, _ in words)
    greeting = _GREETING.match(said)
    first = len(greeting.group().split()) if greeting else 0
    said, words = said[greeting.end() :] if greeting else said, words[first:]
    while (thanks := _THANKS.search(said)) and said[: thanks.start()].endswith(" "):
        said, words = said[: thanks.start()].rstrip(), words[: -len(thanks.group().split())]
    return words


def _without_repeats(words: list[tuple[str, str]]) -> list[tuple[str, str]]:
    return [word for position, word in enumerate(words) if position == 0 or word[0] != words[position - 1][0]]
