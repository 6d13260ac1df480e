"""Sentences that probably ask for no more texts, by language: to stop, near a word for texts, list or number.

Each text is in small letters, without signs and accents. Whatever a business speaks, its customers write their own
language, so all of them are looked for.
"""
# ruff: noqa: E501, RUF001 - one alternative a line; Arabic letters are Arabic.

from __future__ import annotations

import re

#: What is sent to somebody, in English.
TEXTS = r"(?:texts?|text messages?|messages?|sms|spam)"
ME = r"(?: me| us| this number| my number| my phone number| my phone| here)"
AGAIN = r"(?: again| any ?more| ever again)"
_LONGEST = 200
#: "You never text me", "we do not text": who says so asks for nothing.
_NOT_TOLD = r"(?<!\bi )(?<!\bwe )(?<!\byou )(?<!\bthey )"
#: What somebody can be taken off besides a list of texts.
_ELSEWHERE = (
    r"(?! (?:from|off|out of) (?:\w+ ){0,2}(?:wait|waitlist|waiting|class|schedule|calendar|bookings?|appointments?"
    r"|slot|roster|group|queue|course|session|invoice|\w+day|\d+\w*)\b)"
)
_ENGLISH = re.compile(
    r"^(?:please |pls |plz |just )?stop\b(?! (?:by|at|in|over|off|on|and|the|here|there|for|to|before|near|next"
    r"|outside|behind|with|work|working|repairing)\b)"
    r"|\b(?:unsubscribe|opt(?:ing)? ?out|leave me alone|harass\w*)\b"
    r"|^(?!.*\b(?:gave|give|given|typed|wrote|put|entered|called|dialled|dialed|rang|texted|sent|used|left)\b)"
    r".*\bwrong (?:number|person)\b"
    r"|(?<!\bin )(?<!\bmy )(?<!\bthe )(?<!\bto )\bspam(?:ming)?\b(?! (?:folder|filter|box|mail|calls?|popups?)\b)"
    r"|\bstop (?:text\w*|messag\w+|sms|contact\w*|send\w*|call\w*|email\w*|bothering)\b"
    rf"|\bstop(?: \w+)? (?:{TEXTS}|reminders?)\b|\bstop (?:this|these|those|that|it|all|them|please)$"
    rf"|\b(?:told you (?:do not|dont|never)|{_NOT_TOLD}(?:do not|dont|never))"
    r" (?:text|texts|messag\w+|contact\w*|sms)\b"
    r"(?!(?: me| us)? (?:till?|until|before|between|during|while|and|late|early|him|her|them|the|your|any(?:one|body)"
    r"|my (?!number|phone|cell|mobile))\b)"
    r"|\bno more (?:texts?|messag\w+|sms|calls?|e ?mails?|reminders?)\b"
    rf"|\b(?:do not|dont) send(?: me| us)?(?: any ?more(?: {TEXTS}|$)| again$)"
    rf"|{_NOT_TOLD}\b(?:do not|dont|never|stop|quit) (?:call|calling|calls|e ?mail|e ?mailing|e ?mails|ring|ringing)"
    rf"{ME}?{AGAIN}?(?: please| thanks| thank you)*$"
    rf"|\b(?:remove|delete) (?:me|us)\b{_ELSEWHERE}|\btake (?:me|us|my number)(?= off| out){_ELSEWHERE}"
    r"|\b(?:remove|delete) my (?:number|phone|phone number|e ?mail|e ?mail address|details)"
    r"(?=$| please| thanks| now| from (?:your|the|this) (?:list|system|records?|database|files?|messages|texts))"
)
#: What is sent to people and named beside a verb of stopping: reminders and calls as well as texts.
_SENT = (
    r"(?:text\w*|txts?|messages?|messaging|msgs?|sms|spam|reminders?|notifications?|alerts?|promos?|promotions?|ads"
    r"|advertis\w+|marketing|newsletters?|e ?mails?|calls?|updates)"
)
#: "The bus stop", "can't stop", "it will stop", "next stop": what ends in the word and asks for nothing.
_NO_LAST_STOP = "".join(
    rf"(?<!\b{word} )"
    for word in (
        *("not", "cant", "cannot", "wont", "doesnt", "didnt", "dont", "wouldnt", "never", "to", "will", "would"),
        *("does", "did", "do", "should", "could", "can", "must", "might", "it", "i", "we", "they", "he", "she"),
        *("the", "a", "this", "that", "my", "your", "our", "one", "first", "next", "last", "every", "each", "quick"),
        *("bus", "tram", "train", "truck", "pit", "rest", "door", "full", "non", "f", "short", "no", "and", "or"),
    )
)
_STOPPING = r"(?:stop|quit|cease|halt|discontinue|cancel|end|block|disable|turn off|switch off|no more|enough)"
_ENGLISH_REQUEST = re.compile(
    # "Unsubscribed", "UNSUBCRIBE", "unsuscribe", "unscribe".
    r"\bun ?su(?:b(?!t|st|d|j|m|u)|s?c?r?i?b)\w+|\bun\w{0,3}(?<!de)scri\w*b\w*|\b5top\b|\bstoop all\b"
    rf"|{_NO_LAST_STOP}\bstop(?: now| already| asap| immediately)?$"
    r"|\b(?:told|asked|asking|telling|begged|want|need|like|warned) (?:you|u|ya|yall|you (?:guys|people|lot))"
    r" (?:\w+ ){0,3}to (?:please )?(?:stop|quit|cease)\b(?! (?:by|at|in|over|off|on|and|the|here|there|for|to|before|near"
    rf"|next|outside|behind|work\w*|it|leak\w*|my|a|an)\b(?! {_SENT}))"
    rf"|\b{_STOPPING} (?:(?:with|of|all|any|the|these|those|this|your|ur|my|me|us|further|future|sending|getting"
    rf"|receiving) ){{0,4}}(?:{TEXTS}|texting|messaging|msg\w*|txt\w*|reminders?|notifications?|alerts?|promos?"
    r"|promotions?|marketing|newsletters?|subscription to)\b(?! (?:box|bubble|tone|size))"
    r"|\b(?:stop|quit|cease) (?:\w+ )?(?:communicat\w+|contact\w*|send\w*|solicit\w*|pester\w*|spam\w*|harass\w*"
    r"|bother\w*|notif\w+|blasting|bugging|msg\w*|txt\w*)\b"
    r"|\bcease (?:and|&|n) desist\b(?! (?:letters?|orders?|notices?|forms?|documents?|drafts?))"
    r"|\bcease(?: and desist)? (?:all|any) (?:contact|communications?)\b"
    r"|(?<!\byou )(?<!\bi )(?<!\bwe )(?<!\bthey )(?<!\bto )\b(?:lose|erase|forget|delete|remove|scrub|drop|purge"
    r"|wipe|take off) (?:my|this|our|these|the) (?:number|numbers|phone number|cell number|mobile number|contact)"
    r"(?=$| please| pls| thanks| now| asap| off| from| out)"
    r"(?! (?:from|off|out of) (?:\w+ ){0,2}(?:appointments?|bookings?|invoice|form|deed|receipt|order)\b)"
    r"|\b(?:get|take|remove|delete|drop|pull|strike|cut|leave|scratch) (?:me|us|this number|my number|my name|myself)"
    r" (?:\w+ ){0,2}(?:off|from|out of)(?: of)? (?:your|ur|this|that|the|any|all|these)"
    r" (?:(?:mailing|contact|contacts|sms|text|texting|call|marketing|damn|stupid|customer|distribution) ?)*"
    rf"(?:lists?|database|contacts|{TEXTS})?$"
    rf"|\b(?:do not|dont|no longer|not|never|didnt|did not) (?:want|wish|need|care|like|ask|consent|agree|authori[sz]e)"
    rf"(?! to (?:miss|lose))(?: \w+){{0,4}} {_SENT}(?: from (?:you|u|this))?"
    rf"(?:{AGAIN}| please| pls| thanks| thank you| at all| here)*$"
    r"|\b(?:do not|dont|no longer|not) (?:want|wish|like|need|care)(?: for)?(?: you| u)? (?:to )?(?:be |being |get )?"
    rf"(?:contacted|contact|texted|text|texting|messaged|message|messaging) ?(?:me|us|by you|by u)?{AGAIN}?$"
    rf"|\b(?:never|didnt|did not) (?:sign(?:ed)? up|subscribed?|opt(?:ed)? in)(?: (?:for|to)"
    rf" (?:this|these|that|your|any|the))?(?: {_SENT})?$"
    rf"|\b(?:too many|sick of|tired of|fed up with|done with) (?:\w+ ){{0,3}}{TEXTS}\b"
    rf"|^(?:please |pls )?no (?:further |marketing |promotional |text )?(?:{TEXTS}|texting|contact)(?: please| pls"
    r"| thanks| thank you)*$"
    r"|\b(?:revoke|withdraw)\w* (?:my |all |any )?(?:consent|permission)\b"
    r"|^s+t+o+p{2,}$|^s+t+o{2,}p+$|^block me$|^(?:please )?discontinue$|^(?:please )?(?:enough|no more)(?: already| plz| pls| please)*$"
    r"|^(?:i want out|quit it)$|\b(?:dont|do not|stop|quit) bother(?:ing)? (?:me|us)\b|\bmy name off(?:$| (?:your|this|the|ur) list\b)"
    r"|\b(?:no longer|do not|dont) (?:want|wish) to (?:receive|get) (?:these|them|this|those|anything|any ?more)$"
    r"|\bleave us alone\b|\b(?:fuck|piss|bugger|f|buzz) off\b|^(?:please )?go away$|\bdo not (?:call|contact) list\b"
    r"|^dnc$|\b(?:blocking|reporting|will block|will report|gonna block|going to block) (?:you|this number|u)\b"
)
_ES_SENT = (
    r"(?:mensaj\w+|sms|textos?|publicidad|promocion\w*|notificacion\w*|avisos|recordatorios?|correos?|llamadas?)"
)
_ES_VERB = r"(?:escrib|envi|mand|molest|llam|contact|text|mensaj|hostig|acos|fastidi|busqu|busc|spam)"
_ES_TAKE = r"(?:borr|quit|elimin|sa(?:c|qu)|remuev|remov|retir|desuscrib|suprim)"
_FR_SENT = (
    r"(?:textos?|textes?|sms|messages?|messagerie|pubs?|publicite\w*|rappels?|notifications?|promos?|promotions?"
    r"|courriels?|infolettres?)"
)
_FR_VERB = r"(?:text|ecri|envo|contact|messag|harcel|derang|relanc|sollicit|embet|achal|spam|appel)"
_FR_ELSEWHERE = r"(?! (?:de |du |de la |des |de l)(?:cours|seance|atelier|groupe|rendez|rdv|liste dattente|attente))"
_DE_SENT = (
    r"(?:sms|textnachrichten|nachricht(?:en)?|werbung|anrufe|e ?mails?|mails?|newsletter|erinnerung(?:en)?|whatsapps?"
    r"|infos?|post)"
)
_DE_VERB = r"(?:schreib|schick|send|kontaktier|ruf|text|belastig|belaestig|meld|nerv|simse|melde|anschreib|anruf)"
_IT_SENT = r"(?:messagg\w+|sms|pubblicita|promozion\w*|notific\w+|promemoria|chiamate|e ?mail|comunicazioni)"
_IT_VERB = r"(?:scriv|invi|mand|contatt|chiam|disturb|messaggi|tormenta|importun|rompe)"
_PT_SENT = r"(?:mensage(?:m|ns)|sms|msgs?|textos?|propagandas?|publicidade|promoco\w+|notificaco\w+|lembretes?|spam)"
_PT_VERB = r"(?:mand|envi|escrev|contat|contact|lig|incomod|perturb|mensag|chame|importun|spam)"
_NL_SENT = r"(?:sms\w*|berichte?n?|berichtjes|reclame|e ?mails?|apps?|appjes|herinneringen|nieuwsbrie\w+)"
_NL_VERB = r"(?:sms\w*|bericht\w*|appen|app|bellen|contacteren|contact|sturen|mailen|schrijven|lastig\w*)"
#: The same in the other languages: verbs of stopping or of wanting no more near what is sent, a list or a number.
_REQUESTS = (
    re.compile(
        r"^(?:\w+ ){0,2}no mas(?: por favor| gracias| ya)*$|\bno mas (?:\w+ )?" + _ES_SENT + r"\b"
        rf"|\bno (?:me|nos) {_ES_VERB}(?:e|es|en|a|as|an|ar|ir|ee|een|ees|uen|ues)"
        rf"(?:(?: \w+){{0,3}} {_ES_SENT}\b|(?: (?:mas|nunca|jamas|ya|otra vez|de nuevo|por favor|gracias))*$)"
        rf"|\b(?:dej(?:a|e|en|ad|ar)|par(?:a|e|en|ar)|ces(?:a|e|en|ar)|basta)(?:me|nos)?(?: ya)? de (?:\w+ )?{_ES_VERB}\w*"
        rf"|\bbasta de (?:\w+ )?{_ES_SENT}\b|\bdej\w+ (?:me |nos )?en paz\b|\b(?:desuscri|suscripcion|desafili)\w*"
        rf"|\bno (?:lo |los |las )?(?:quiero|deseo|queremos|deseamos|quisiera|autorizo|solicite|pedi)(?! perder| borrar)"
        rf"(?: \w+){{0,4}} {_ES_SENT}\b"
        rf"|\bno (?:quiero|deseo|queremos|deseamos) que (?:me|nos) {_ES_VERB}\w*"
        rf"|\b{_ES_TAKE}(?:a|e|en|ad)(?:me|nos|melo)\b(?=$| ya| por favor| gracias| de (?:la |su |tu |esta |sus |ese |esa "
        rf"|las |tus )?(?:lista|base|registr|contact|mensaj|sistema|grupo de|sms))(?! de (?:la |su )?lista de espera)"
        rf"|\b{_ES_TAKE}(?:a|e|en|ar) (?:mi|este) (?:numero|telefono|contacto|celular|movil)\b"
        rf"|\b(?:cancel|suspend|deten|par|anul)\w*(?: de)?(?: \w+)? {_ES_SENT}\b"
        r"|^(?:por favor )?(?:paren|detente|deten|detengan\w*|alto|pare|parar)(?: ya| por favor)*$"
        rf"|\bno {_ES_VERB}(?:e|es|en|a|an) mas\b(?! (?:tarde|temprano|cerca|adelante)\b)|^no quiero (?:mas|nada)$"
        r"|\bya no quiero (?:recibir|nada)\b|^eliminar$|^ya basta$"
        r"|\bnumero equivocado\b|\bequivocad\w+ de numero\b"
    ),
    re.compile(
        rf"\b(?:arret|cess|stopp|fini)(?:e|es|ez|er|ons|ssez)?(?: \w+){{0,3}}? (?:de (?:me |nous |m)?|d)(?:l|m|n)?"
        rf"{_FR_VERB}\w*"
        rf"|\b(?:arret|cess|stopp)(?:e|es|ez|er|ons) (?:\w+ ){{0,2}}{_FR_SENT}\b"
        rf"|^(?:sil (?:vous|te) plait )?arret(?:e|es|ez|er)?(?: (?:ca|cela|tout|immediatement|maintenant|sil vous plait"
        rf"|sil te plait|moi ca|donc|la|svp|stp))*$"
        rf"|\b(?:me |nous |m){_FR_VERB}\w* (?:\w+ )?(?:plus|jamais)\b(?! (?:tot|tard|que|avant|apres|vite|souvent|long)\b)"
        rf"|\bne (?:me |nous |m)(?:text|ecri|envo|contact|messag|derang|harcel|relanc|sollicit)\w*"
        rf" (?:pas|plus|jamais)(?: (?:de|ces|vos|des|aucun)\b.*{_FR_SENT}| svp| sil (?:vous|te) plait|$)"
        rf"|\bplus (?:aucune? |jamais )?(?:de |d)(?:vos |ces |tes )?{_FR_SENT}\b|^(?:pas|aucun|assez)(?: de)? {_FR_SENT}"
        rf"|\b(?:j?e?veux|veut|voulons|souhait\w+|desire|voudrais|aimerais|consens|accepte) (?:plus|pas|aucune?)"
        rf"(?! (?:manquer|perdre))(?: \w+){{0,4}} {_FR_SENT}\b"
        rf"|\b(?:j?e?veux|souhait\w+|desire|voudrais|aimerais) (?:plus|pas) (?:que \w+ |qu\w+ |etre )?(?:me |m|nous )?"
        rf"{_FR_VERB}\w*"
        rf"|\b(?:enlev|retir|supprim|effac|ot|ray|radi|sort|desinscri\w*|desabonn)(?:e|es|ez|ezi|onnez|vez) moi\b"
        rf"(?=$| svp| stp| sil| merci| (?:de|des|du) ){_FR_ELSEWHERE}"
        rf"|\b(?:m|me |nous )(?:enlev|retir|supprim|effac|ot|ray|radi|sort)(?:er|ir|ez) (?:de|des|du)"
        rf"(?= (?:la |votre |vos |cette |ta )?(?:liste|contacts|base|envoi))(?! la liste dattente)"
        rf"|(?<!\bai )\b(?:supprim|effac|enlev|retir|ray|ot|perd)(?:ez|er|e|es) (?:mon|ce|notre)"
        rf" (?:numero|num|contact|cell\w*|nom|no)\b|\b(?:laiss|fout|fich)\w* (?:moi|nous) (?:tranquille|en paix|la paix)"
        r"|\b(?:annul|stopp|cess)(?:e|er|ez|es) (?:\w+ ){0,2}(?:abonnement|inscription|labonnement|linscription)\b"
        rf"|^(?:veuillez |svp )?cess(?:er|ez|e)$|\blach\w* moi$|^stopper$|\bfini(?:s|es)? les {_FR_SENT}\b"
        rf"|\bplus (?:me |m|nous ){_FR_VERB}\w*|\bn{_FR_VERB}\w* plus$"
        r"|\b(?:mauvais|faux) numero\b"
    ),
    re.compile(
        rf"(?<!\bich )(?<!\bwir )\b{_DE_VERB}(?:en|t|e|et|s)?(?: \w+){{0,4}} (?:nicht mehr|nie mehr|nie wieder|nichts mehr)\b"
        r"(?! (?:vor|nach|so|bis|heute|morgen|diese)\b)"
        rf"|\b(?:nicht mehr|nie wieder|nicht weiter|nicht langer) (?:\w+ )?(?:an|zu)?{_DE_VERB}\w*"
        rf"|(?<!\bhabe )(?<!\bhab )\bkeine? (?:\w+ )?{_DE_SENT}(?: \w+){{0,3}} (?:mehr|wunsch\w*|erhalten|bekommen)\b"
        r"(?<!habe keine nachricht bekommen)(?<!mehr bekommen)(?<!mehr erhalten)"
        rf"|\b(?:will|mochte|moechte|wunsche|brauche|wollen|mochten) (?:\w+ ){{0,3}}keine? (?:(?!per\b)\w+ ){{0,2}}{_DE_SENT}\b"
        rf"|\b(?:hor|hort|horen|hoer|hoeren) (?:sie |bitte |endlich )*auf (?:mir|mich|uns|damit|zu|mit|diese)\b"
        rf"|\bstopp\w* (?:\w+ ){{0,3}}{_DE_SENT}\b|\blass\w* (?:\w+ )?(?:mich|uns) (?:\w+ )?in (?:ruhe|frieden)\b"
        r"|\b(?:losch|loesch|streich|entfern|nehm|nimm|trag)\w* (?:sie |bitte )*(?:mich|uns)(?: bitte)?"
        r"(?= (?:aus|von|vom)\b|$)(?! (?:aus|von|vom) (?:\w+ )?(?:warteliste|kurs|termin|gruppe|\w+tag)\b)"
        r"|\b(?:losch|loesch|streich|entfern|vergess|vergiss)\w* (?:sie |bitte )*(?:meine|diese)"
        r" (?:telefon|handy|mobil)?nummer\b|\bmeine nummer (?:bitte )?(?:loschen|loeschen|entfernen|streichen)\b"
        rf"|\b(?:abbestell|abmeld)\w* (?:\w+ ){{0,2}}(?:newsletter|sms|nachrichten|verteiler)\b"
        rf"|\b(?:newsletter|sms|nachrichten|verteiler|werbung) (?:bitte )?(?:abbestell|abmeld|stopp)\w*"
        rf"|^(?:bitte )?keine {_DE_SENT}(?: bitte| danke| mehr)*$|^(?:bitte )?stoppen sie(?: das| es| bitte)*$"
        r"|\bunterlassen sie (?:das|es|dies)$|^schluss(?: damit| jetzt)*$"
        r"|^falsche nummer\b|\bfalsche nummer$"
    ),
    re.compile(
        rf"\b(?:smett(?:ila|etela|ete|i|a|etila)|piantat?e?la|finite?la|finiscila)\b(?=$| di | con | per favore| subito"
        rf"| ora| grazie)(?! di (?:funzion|perd|piov|fum)\w*)"
        rf"|\b(?:basta|stop|niente|fermate|nessun)(?: piu)?(?: con| di| ai| gli| i| altri| questi)* {_IT_SENT}\b"
        rf"|\bbasta (?:di )?{_IT_VERB}\w*"
        rf"|\bnon (?:voglio|desidero|vogliamo|desideriamo|vorrei)(?! perdere)(?: \w+){{0,4}} {_IT_SENT}\b"
        rf"|\bnon (?:voglio|desidero|vogliamo) (?:piu )?(?:essere|che (?:mi|ci)) {_IT_VERB}\w*"
        rf"|\bnon (?:(?:mi|ci) )?(?:dovete |devi )?{_IT_VERB}\w*(?:mi|ci|temi|teci|te|re)?"
        rf" (?:(?:piu|mai)\b(?! (?:tardi|presto|avanti|vicin)\w*)|(?:\w+ )?{_IT_SENT}\b)"
        rf"|^non {_IT_VERB}\w*(?:mi|ci)(?: per favore| grazie)*$"
        rf"|\b(?:cancell|rimuov|togli|elimin|lev)(?:a|e|i|ate|ete|iete|are|ere)?(?:mi|ci|temi|teci)\b(?=$| per favore| subito"
        rf"| grazie| da(?:lla|l|i|lle|gli)? (?:\w+ )?(?:lista|elenco|rubrica|contatti|database|messaggi|mailing|newsletter))"
        r"(?! dalla lista (?:d |di |da)ttesa)(?! dalla lista di attesa)"
        r"|\b(?:cancell|rimuov|togli|elimin)\w* (?:il )?(?:mio|questo) numero\b|\blascia\w*(?:mi|ci) (?:\w+ )?(?:in pace|stare)\b"
        r"|\b(?:annull|cancell)\w* (?:\w+ )?(?:iscrizione|abbonamento|liscrizione)\b|\bnumero sbagliato$"
    ),
    re.compile(
        rf"\b(?:pare|para|parem|parar|deixe|deixem|chega|basta|cesse|cessem)(?: ja| por favor)?(?: de| com)"
        rf" (?:\w+ ){{0,2}}(?:{_PT_VERB}|{_PT_SENT})\w*"
        rf"|\bnao (?:me|nos) {_PT_VERB}(?:e|em|es|ue|uem|a|am|ar|ie|iem)(?:(?: \w+){{0,2}} {_PT_SENT}\b"
        r"|(?: (?:mais|nunca|por favor|novamente|de novo))*$)"
        rf"|\bnao (?:quero|desejo|queremos|gostaria|aceito|autorizo)(?! perder)(?: \w+){{0,4}} {_PT_SENT}\b"
        rf"|\b(?:sem|nada de|chega) (?:mais )?{_PT_SENT}\b"
        rf"|\bnao (?:quero|desejo) (?:mais )?(?:ser|que (?:me|voces|voce)) (?:me )?{_PT_VERB}\w*"
        r"|\b(?:me )?(?:tir|remov|retir|exclu|apagu|descadastr|delet)(?:e|a|em|am|i|ua)(?: me)?"
        r" (?:da|desta|dessa|de sua|de|das|do) (?:\w+ )?(?:lista|cadastro|contatos|mensagens|base|grupo de mens\w+)\b"
        r"(?! de espera)"
        r"|\b(?:tir|remov|retir|exclu|apagu|apag|delet|esquec)(?:e|a|em|am|i|ir|ar|er) (?:o )?(?:meu|este|esse)"
        r" (?:numero|contato|telefone|celular)\b(?! de casa)"
        r"|^(?:por favor )?me (?:remov|tir|exclu|descadastr|apagu)\w+(?: por favor)?$"
        r"|\b(?:cancel|anul)\w* (?:a |minha |as |o )*(?:inscricao|assinatura|" + _PT_SENT + r")\b"
        rf"|^(?:parem|para|parar|sair da lista|nao quero mais)$|\bnao {_PT_VERB}(?:e|em|a|am) mais\b(?! (?:tarde|cedo)\b)"
        r"|\bdeix\w+ (?:me )?em paz\b|\bnumero errado$"
    ),
    re.compile(
        rf"^(?:nu )?(?:stop|stoppen|ophouden)(?: nu| aub| ajb| graag| ermee| hiermee| a u b| alstublieft| alsjeblieft)+$"
        rf"|\b(?:stop|stoppen|stopt|hou|houd|ophouden|kappen)(?: \w+)? (?:op )?met (?:\w+ ){{0,3}}(?:{_NL_VERB}|{_NL_SENT})\b"
        rf"|\bgeen (?:\w+ )?{_NL_SENT}(?: \w+){{0,3}} meer\b|^geen {_NL_SENT}(?: meer| aub| graag| alstublieft)*$"
        rf"|^(?:hou|houd) op$"
        rf"|\b(?:wil|wens|willen|wensen) (?:\w+ ){{0,3}}geen (?:\w+ )?{_NL_SENT}\b"
        rf"|\b(?:niet meer|nooit meer|niet langer|nooit) (?:\w+ )?{_NL_VERB}$"
        rf"|\b(?:sms|app|bel|contacteer|stuur|mail|schrijf)(?: \w+)? (?:mij|me|ons) (?:niet|nooit|niets|geen \w+) ?(?:meer)?$"
        r"|\b(?:haal|verwijder|schrap|gooi|schrijf)(?: \w+)? (?:mij|me|ons)(?: \w+)? (?:van|uit)\b"
        r"(?! (?:\w+ )?(?:wachtlijst|les|cursus|afspraak))"
        r"|\b(?:verwijder|wis|schrap|vergeet) (?:mijn|dit) (?:telefoon|gsm|mobiele )?(?:nummer|gegevens)\b"
        r"|\blaat (?:mij|me|ons) met rust\b|\b(?:schrijf|meld) (?:mij|me) (?:\w+ )?(?:uit|af)$|^verkeerd nummer\b"
    ),
    re.compile(
        r"\b(?:dung|khong|ngung|thoi|cham dut)(?: \w+)? (?:nhan|gui|goi|lien lac|lien he|lam phien|spam)(?: \w+){0,5} nua\b"
        r"|\b(?:dung|ngung) (?:nhan |gui )?tin\b|\bngung gui\b|\b(?:dung|khong) lam phien\b|\bkhong nhan tin\b"
        r"|\bkhong (?:muon|can|thich)(?: \w+){0,3} (?:tin|tin nhan|sms|quang cao)\b"
        r"|\b(?:xoa|bo) (?:so|ten)(?: dien thoai)? (?:cua )?(?:toi|minh|em|anh|chi|nay)\b|\blam phien (?:toi )?nua\b"
    ),
    re.compile(
        "^(?:请|請|麻烦|麻煩|你|您|你们|请你|请您)*(?:停|停止|停下|退订|退訂|取消)(?:了|吧|谢谢|謝謝)*$(?<!^取消)(?<!^取消了)"
        "|停止(?:再|给我|向我|給我)*(?:发|發|傳|传|推|联系|聯絡|聯繫|短信|信息|消息|訊息|簡訊|打扰|打擾)"
        "|(?:取消|停止|退)(?:我的|短信|简讯|簡訊|这个|消息)*(?:订阅|訂閱|关注)|退[订訂]"
        "|(?:不要|别|別|勿|请勿|請勿|不许)(?:再|给我|給我|继续|老|跟我|和我)*(?:发了|發了|发短|發短|发信|發信|发消|發消|发送|發送"
        "|传简|傳簡|联系我|聯絡我|聯繫我|联系了|打扰|打擾|骚扰|騷擾|烦我|煩我|发给我|发广)"
        "|(?:不要|别|別)再(?:发|發|傳|传|打|联|聯)|不(?:想|要|需要|愿意)(?:再)?(?:接收|接到|收到|收(?:短|信|你|您|$))"
        "|(?:删除|刪除|移除)(?:我的|我)(?:号码|號碼|电话|電話|手机号|$)|拒收|把我(?:删除|刪除|移除|删掉)"
    ),
    re.compile(
        "(?:توقف|اوقف|وقف|كف)\\w* (?:عن )?(?:ال)?(?:ارسال|رسا[يئ]ل|مراسل)"
        "|\\bلا (?:ترسل|تراسل|تكتب|تتصل|تبعث|تزعج)\\w*|\\bلا (?:اريد|ارغب|احتاج)(?: \\w+){0,3} \\w*(?:رسا[يئ]ل|رسالة)"
        "|(?:الغاء|الغ) (?:ال)?(?:اشتراك|رسا[يئ]ل)|(?:احذف|امسح|ازل|شطب)\\w* (?:رقم|اسم)\\w*|\\b(?:احذفني|احذفوني|ازيلوني)\\b"
    ),
)
#: "Ne m'écrivez plus", "no me escriban más": words that are said of texts and of little else.
_LESS = (
    re.compile(r"^(xin |hay |vui long )?(dung|ngung) lai\b|\b(dung|ngung|tu choi) (nhan|gui) tin\b|\bhuy dang ky\b"),
    re.compile(
        r"\bne (veux |souhaite |desire |voudrais )?plus (recevoir|etre contacte)"
        r"|\bne (me |m)(ecri|envo|contact|appel)\w* plus\b(?! (tot|tard|que)\b)"
        r"|\b(desabonn|desinscri)\w*\b(?! (du|de la|de ma|de mon|au) (cours|seance|atelier|stage)\b)"
    ),
    re.compile(
        r"\bno (me|nos) (escrib|envi|mand|llam|contact)\w* mas\b"
        r"(?! (tarde|temprano|adelante|fotos|cerca)\b)|\b(dar|dame|darme|darse|denme) de baja\b"
        r"|\bno (quiero|deseo) (recibir )?mas (mensajes|sms)\b|\bno mas (mensajes|sms)\b|\bbasta ya\b"
    ),
    re.compile(
        r"(?<!\bhabe )(?<!\bhab )\bkeine? (weiteren )?(sms|nachrichten?|werbung|anrufe|e ?mails?|mails?)"
        r"( \w+){0,2} mehr\b"
        r"|^(bitte )?(hor|hort|horen sie) (\w+ )?auf\b|\baus (dem|ihrem) verteiler\b"
    ),
    re.compile(
        r"\bnon (\w+ )?(voglio|desidero) piu\b.{0,20}\b(ricevere|messaggi|sms)\b|\bbasta (messaggi|sms)\b"
        r"|\bnon (mi )?(scriv|invi|mand|contatt|chiam)\w* piu\b|\bdisiscri\w*"
    ),
    re.compile(
        r"\bnao (quero|desejo) (mais )?(receber )?(mais )?(mensagens|sms)\b|\bdescadastr\w*"
        r"|\bnao (me|nos) (escrev|envi|mand|contat|lig)\w* mais\b"
    ),
    re.compile(r"\bgeen (sms|smsjes|berichten|reclame|e ?mails?)( \w+){0,2} meer\b|\buitschrijven\b"),
)
_PATTERNS = (_ENGLISH, _ENGLISH_REQUEST, *_LESS, *_REQUESTS)


def probably_asks_to_stop(text: str) -> bool:
    """Tell whether a text, in small letters without signs and accents, probably asks for no more texts."""
    return len(text) <= _LONGEST and any(pattern.search(text) for pattern in _PATTERNS)
