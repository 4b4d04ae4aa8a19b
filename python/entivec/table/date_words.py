"""Words of dates in the languages of files: months, weekdays, time zones."""

from __future__ import annotations

# Of each month the full name first, then shorter ones and other spellings.
MONTHS = {
    "en": (
        "january jan|february feb|march mar|april apr|may may|june jun|july jul|"
        "august aug|september sep sept|october oct|november nov|december dec"
    ),
    "de": (
        "januar jan jänner jän|februar feb feber|märz mär mrz maerz|april apr|mai mai|"
        "juni jun|juli jul|august aug|september sep sept|oktober okt|november nov|"
        "dezember dez"
    ),
    "fr": (
        "janvier janv jan|février févr fév fevrier fevr fev|mars mars|avril avr|mai mai|"
        "juin juin|juillet juil|août août aout aoû|septembre sept|octobre oct|"
        "novembre nov|décembre déc decembre dec"
    ),
    "es": (
        "enero ene|febrero feb|marzo mar|abril abr|mayo may|junio jun|julio jul|"
        "agosto ago|septiembre sept sep setiembre|octubre oct|noviembre nov|"
        "diciembre dic"
    ),
    "it": (
        "gennaio gen|febbraio feb|marzo mar|aprile apr|maggio mag|giugno giu|luglio lug|"
        "agosto ago|settembre set sett|ottobre ott|novembre nov|dicembre dic"
    ),
    "pt": (
        "janeiro jan|fevereiro fev|março mar marco|abril abr|maio mai|junho jun|"
        "julho jul|agosto ago|setembro set|outubro out|novembro nov|dezembro dez"
    ),
    "nl": (
        "januari jan|februari feb|maart mrt|april apr|mei mei|juni jun|juli jul|"
        "augustus aug|september sep sept|oktober okt|november nov|december dec"
    ),
    "sv": (
        "januari jan|februari feb|mars mar|april apr|maj maj|juni jun|juli jul|"
        "augusti aug|september sep sept|oktober okt|november nov|december dec"
    ),
    "da": (
        "januar jan|februar feb|marts mar|april apr|maj maj|juni jun|juli jul|"
        "august aug|september sep sept|oktober okt|november nov|december dec"
    ),
    "no": (
        "januar jan|februar feb|mars mar|april apr|mai mai|juni jun|juli jul|august aug|"
        "september sep sept|oktober okt|november nov|desember des"
    ),
    "fi": (
        "tammikuuta tammi tammikuu|helmikuuta helmi helmikuu|"
        "maaliskuuta maalis maaliskuu|huhtikuuta huhti huhtikuu|"
        "toukokuuta touko toukokuu|kesäkuuta kesä kesäkuu|heinäkuuta heinä heinäkuu|"
        "elokuuta elo elokuu|syyskuuta syys syyskuu|lokakuuta loka lokakuu|"
        "marraskuuta marras marraskuu|joulukuuta joulu joulukuu"
    ),
    "pl": (
        "stycznia sty styczeń|lutego lut luty|marca mar marzec|kwietnia kwi kwiecień|"
        "maja maj maj|czerwca cze czerwiec|lipca lip lipiec|sierpnia sie sierpień|"
        "września wrz wrzesień|października paź październik|listopada lis listopad|"
        "grudnia gru grudzień"
    ),
    "cs": (
        "ledna led leden|února úno únor|března bře březen|dubna dub duben|"
        "května kvě květen|června čvn červen|července čvc červenec|srpna srp srpen|"
        "září zář září|října říj říjen|listopadu lis listopad|prosince pro prosinec"
    ),
    "tr": (
        "ocak oca|şubat şub|mart mar|nisan nis|mayıs may|haziran haz|temmuz tem|"
        "ağustos ağu|eylül eyl|ekim eki|kasım kas|aralık ara"
    ),
    "ru": (
        "января янв январь|февраля фев февраль|марта мар март|апреля апр апрель|"
        "мая май май|июня июн июнь|июля июл июль|августа авг август|"
        "сентября сен сентябрь сент|октября окт октябрь|ноября ноя ноябрь нояб|"
        "декабря дек декабрь"
    ),
    "uk": (
        "січня січ січень|лютого лют лютий|березня бер березень|квітня кві квітень|"
        "травня тра травень|червня чер червень|липня лип липень|серпня сер серпень|"
        "вересня вер вересень|жовтня жов жовтень|листопада лис листопад|грудня гру грудень"
    ),
    "hu": (
        "január jan|február febr feb|március márc|április ápr|május máj|június jún|július júl|"
        "augusztus aug|szeptember szept|október okt|november nov|december dec"
    ),
    "ro": (
        "ianuarie ian|februarie feb|martie mar|aprilie apr|mai mai|iunie iun|iulie iul|august aug|"
        "septembrie sep sept|octombrie oct|noiembrie noi|decembrie dec"
    ),
    "id": (
        "januari jan|februari feb|maret mar|april apr|mei mei|juni jun|juli jul|agustus agu agt|"
        "september sep|oktober okt|november nov|desember des"
    ),
}
WEEKDAYS = {
    "en": (
        "monday mon|tuesday tue tues|wednesday wed|thursday thu thur thurs|friday fri|"
        "saturday sat|sunday sun"
    ),
    "de": (
        "montag mo|dienstag di|mittwoch mi|donnerstag do|freitag fr|samstag sa sonnabend|sonntag so"
    ),
    "fr": ("lundi lun|mardi mar|mercredi mer|jeudi jeu|vendredi ven|samedi sam|dimanche dim"),
    "es": (
        "lunes lun|martes mar|miércoles mié mie|jueves jue|viernes vie|sábado sáb sab|domingo dom"
    ),
    "it": ("lunedì lun|martedì mar|mercoledì mer|giovedì gio|venerdì ven|sabato sab|domenica dom"),
    "pt": (
        "segunda-feira seg|terça-feira ter|quarta-feira qua|quinta-feira qui|"
        "sexta-feira sex|sábado sáb|domingo dom"
    ),
    "nl": ("maandag ma|dinsdag di|woensdag wo|donderdag do|vrijdag vr|zaterdag za|zondag zo"),
    "pl": (
        "poniedziałek pon|wtorek wt|środa śr|czwartek czw|piątek pt|sobota sob|niedziela nd niedz"
    ),
    "sv": "måndag mån|tisdag tis|onsdag ons|torsdag tors|fredag fre|lördag lör|söndag sön",
    "ru": ("понедельник пн|вторник вт|среда ср|четверг чт|пятница пт|суббота сб|воскресенье вс"),
}
# Hours ahead of UTC, of those abbreviations that mean one zone to most who write them.
ZONES = {
    "z": 0.0, "utc": 0.0, "gmt": 0.0, "wet": 0.0, "west": 1.0, "bst": 1.0,
    "cet": 1.0, "cest": 2.0, "mez": 1.0, "mesz": 2.0, "eet": 2.0, "eest": 3.0,
    "msk": 3.0, "ist": 5.5, "jst": 9.0, "kst": 9.0, "aest": 10.0, "aedt": 11.0,
    "est": -5.0, "edt": -4.0, "cst": -6.0, "cdt": -5.0, "mst": -7.0, "mdt": -6.0,
    "pst": -8.0, "pdt": -7.0,
}  # fmt: skip
PERIODS = {  # months of a part of the year; 0 for weeks
    **dict.fromkeys(["q", "t", "quarter", "quartal", "trimestre", "kwartaal"], 3),
    **dict.fromkeys(["h", "s", "hj", "half", "halbjahr", "semester", "semestre"], 6),
    **dict.fromkeys(["w", "kw", "cw", "wk", "week", "woche"], 0),
}


def _numbered(table: dict[str, str]) -> dict[str, int]:
    return {
        word: number
        for words in table.values()
        for number, names in enumerate(words.split("|"))
        for word in names.split()
    }


MONTH_OF = {word: number + 1 for word, number in _numbered(MONTHS).items()}
WEEKDAY_WORDS = sorted(_numbered(WEEKDAYS), key=len, reverse=True)


def spelt(table: dict[str, str], words: set[str]) -> tuple[str, int]:
    """Return the first language that has all the words, and which of a name's spellings they are.

    Parameters
    ----------
    table : MONTHS or WEEKDAYS
    words : set of str
        In lower case.

    Returns
    -------
    tuple of (str, int)
        English, and the spelling nearest in length, where no language has all of them.
    """
    for language, names in table.items():
        spellings = [name.split() for name in names.split("|")]
        if words <= {word for name in spellings for word in name}:
            full = {name[0] for name in spellings}
            short = {name[1] for name in spellings}
            return language, 0 if words <= full and not words <= short else 1
    return "en", int(max(map(len, words)) < 5)


def name_of(table: dict[str, str], language: str, number: int, spelling: int) -> str:
    """Return a month or weekday (from 0) as `spelt` found it, in lower case."""
    return table[language].split("|")[number].split()[spelling]
