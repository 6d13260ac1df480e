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
            "alto, parar, pare, basta, basta ya, baja, darse de baja, darme de baja, dar de baja, "
            "quiero darme de baja, dame de baja, denme de baja, detener, no me escriban mas, "
            "no me escriba mas, no me escribas mas, no me envien mas mensajes, no mas mensajes, "
            "no quiero mas mensajes",
            start="empezar, iniciar, comenzar",
            help="ayuda",
            cancel="cancelar, anular",
        ),
        "de": _words(
            "stopp, abmelden, abbestellen, austragen, aufhoren, aufhoeren, hor auf, hort auf, horen sie auf, "
            "keine sms mehr, keine nachrichten mehr, keine werbung mehr",
            start="starten, anfangen",
            help="hilfe",
            cancel="absagen, stornieren",
        ),
        "it": _words(
            "basta, ferma, disiscrivi, disiscrivimi, basta sms, basta messaggi, non scrivetemi piu, "
            "non scrivermi piu, non voglio piu messaggi, non voglio piu ricevere messaggi",
            start="inizia",
            help="aiuto",
            cancel="annulla, cancella",
        ),
        "pt": _words(
            "parar, pare, sair, remover, descadastrar, nao me escrevam mais, nao me escreva mais, "
            "nao quero mais mensagens, nao quero receber mais mensagens",
            start="iniciar, comecar",
            help="ajuda",
            cancel="cancelar",
        ),
        "nl": _words(
            "stoppen, afmelden, uitschrijven, geen sms meer, geen berichten meer",
            start="starten, beginnen",
            cancel="annuleren, afzeggen",
        ),
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
        *("hi", "hello", "hey", "hola", "bonjour", "hallo", "ciao", "ola"),
    ]
)
#: Said before and after what is meant: "Hi, stop. Thanks".
_GREETING = re.compile(
    r"(?:(?:hi|hello|hey|hola|bonjour|bonsoir|hallo|ciao|ola|salut)(?: there| all| team)? "
    r"|(?:por favor|per favore|bitte|svp|alstublieft) )*"
)
_THANKS = re.compile(
    r"(?:thank you|thanks|thx|cheers|regards|merci|gracias|danke|grazie|obrigad[oa]|bedankt"
    r"|please|pls|plz|por favor|per favore|bitte|svp|alstublieft)$"
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
#: The same in the languages of a business.
_PROBABLE_IN: Mapping[str, re.Pattern[str]] = MappingProxyType(
    {
        "fr": re.compile(
            r"\bne (veux |souhaite |desire |voudrais )?plus (recevoir|etre contacte)"
            r"|\bne (me |m)(ecri|envo|contact|appel)\w* plus\b|\b(desabonn|desinscri)\w*"
        ),
        "es": re.compile(
            r"\bno (me|nos) (escrib|envi|mand|llam|contact)\w* mas\b|\b(dar|dame|darme|darse|denme) de baja\b"
            r"|\bno (quiero|deseo) (recibir )?mas (mensajes|sms)\b|\bno mas (mensajes|sms)\b|\bbasta ya\b"
        ),
        "de": re.compile(
            r"\bkeine? (weiteren )?(sms|nachrichten?|werbung|anrufe|e ?mails?|mails?)( \w+){0,2} mehr\b"
            r"|\b(hor|hort|horen sie) (\w+ )?auf\b|\baus (dem|ihrem) verteiler\b"
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
#: From here on a mail program speaks, or an older message is quoted.
_SIGNATURE = re.compile(
    r"^\s*(--\s*$|__+\s*$|>|sent from my\b|sent via\b|get outlook for\b|envoye de(puis)? mon\b|enviado desde mi\b"
    r"|enviado do meu\b|von meinem .{1,40} gesendet|gesendet von\b|inviato da(l mio)?\b|verzonden (vanaf|met)\b"
    r"|on .{3,120} wrote:|le .{3,120} a ecrit\b|-+ ?original message)",
    re.IGNORECASE | re.MULTILINE,
)
#: A quoted message above the reply to it.
_QUOTE_ABOVE = re.compile(
    r"\A(?:\s*(?:>|(?:on|le|el|am) [^\n]{3,120}(?:wrote|a [e\u00e9]crit|escribi\u00f3|schrieb[^\n]{0,60}) ?:"
    r"[^\n]*\n\s*>)[^\n]*\n)+(?=\s*[^\s>])",
    re.IGNORECASE,
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
    text = _QUOTE_ABOVE.sub("", text[:_LONGEST])
    said = _said(text)
    if not said:
        return "MAYBE_STOP" if _SIGN.search(text) else None
    languages = [language for language in languages if language in _LANGUAGES]
    spoken = (_EVERYWHERE, *(_LANGUAGES[language] for language in languages))
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
    return "MAYBE_STOP" if _is_probable(said, languages) else None


def _is_probable(said: str, languages: Iterable[str]) -> bool:
    probable = (_PROBABLE, *(_PROBABLE_IN[language] for language in languages if language in _PROBABLE_IN))
    return len(said) <= _LONGEST_PROBABLE and any(pattern.search(said) for pattern in probable)


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
    return _without_greeting(" ".join(words))


def _without_greeting(said: str) -> str:
    """Return what is said between greeting and thanks; a greeting or thanks alone are as they are."""
    greeting = _GREETING.match(said)
    said = said[greeting.end() :] if greeting else said
    while (thanks := _THANKS.search(said)) and said[: thanks.start()].endswith(" "):
        said = said[: thanks.start()].rstrip()
    return said


def _without_repeats(words: list[str]) -> list[str]:
    return [word for position, word in enumerate(words) if position == 0 or word != words[position - 1]]
