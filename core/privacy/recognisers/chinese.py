"""Personal data in Chinese texts, and Chinese numbers in any text.

Check digits follow GB 11643-1999 (identity card), GB 32100-2015 (unified social credit code) and ISO/IEC 7812-1 (bank
card). Names are read by a family name and what stands around them; family and given names are Faker's lists.
"""

import importlib
import re
from collections.abc import Iterator
from datetime import date
from functools import cache

from core.privacy.recognisers.base import Finder, Match, digits_of, luhn

_HAN = "\u4e00-\u9fff"
_ANY_HAN = re.compile(f"[{_HAN}]")
_ID = re.compile(r"(?<![0-9A-Za-z])[1-9]\d{5}(?P<born>(?:18|19|20)\d{6})\d{3}[\dXx](?![0-9A-Za-z])")
_OLD_ID = re.compile(r"(?:身份证|证件)[^\d\n]{0,8}(?P<value>\d{15}(?:\d{2}[\dXx])?)(?![0-9A-Za-z])")
_ID_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_MOBILE = re.compile(r"(?<![\w.+-])(?P<land>\+?86[- ]?)?1[3-9]\d(?:[- ]?\d{4}){2}(?![\w-]|\.\d)", re.ASCII)
_MOBILE_WORDS = re.compile(r"手机|电话|联系|致电|拨打|短信|微信|mobile|phone|cell|china|chinese", re.IGNORECASE)
_CARD = re.compile(r"(?<![\w.-])\d(?:[ -]?\d){15,18}(?![\w-])", re.ASCII)
_CARD_WORDS = re.compile(r"卡号|银行卡|储蓄卡|借记卡|信用卡|账号|账户|帐号|开户|unionpay|银联|bank card", re.IGNORECASE)
_USCC = re.compile(r"(?<![0-9A-Za-z])[1-9AN-Y][1-9A-F]\d{6}[0-9A-HJ-NPQRTUWXY]{10}(?![0-9A-Za-z])")
_USCC_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_USCC_WORDS = re.compile(r"信用代码|统一代码|税号|uscc|credit code", re.IGNORECASE)
_PLATE = re.compile(
    "[京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼][A-HJ-NP-Z][ ·•-]?"
    "(?:[A-HJ-NP-Z0-9]{6}|[A-HJ-NP-Z0-9]{4}[A-HJ-NP-Z0-9挂学警港澳])(?![A-Za-z0-9])"
)
_PASSPORT = re.compile(
    r"(?:护照|通行证|passport)[^A-Za-z0-9\n]{0,8}(?:no\.?|number|is)?[^A-Za-z0-9\n]{0,4}"
    r"(?P<value>(?:[EGDSPHCM]\d{8}|E[A-HJ-NP-Z]\d{7}))(?![0-9A-Za-z])",
    re.IGNORECASE,
)
_ROAD = (
    f"[{_HAN}0-9]{{1,12}}?(?:大道|大街|街道|路|街|巷|胡同|弄|镇|乡|村|小区|花园|广场|大厦|公寓|新村|家园|苑)"
    f"(?:[{_HAN}A-Za-z0-9-]{{0,12}}?(?:号楼|单元|号|弄|栋|幢|座|室|楼|层|户)){{0,6}}"
)
_ANNOUNCED_ROAD = re.compile(
    f"(?:地址|住址|住在|家住|位于|寄到|寄往|寄至|送到|送至|籍贯|户籍)(?:[是为在:：\\s]){{0,3}}(?P<value>[{_HAN}]{{0,16}}?{_ROAD})"
)
_BARE_ROAD = re.compile(
    f"(?P<value>[{_HAN}]{{2,8}}(?:路|街|大道|巷|胡同|弄)\\d{{1,5}}(?:号|弄)(?:[{_HAN}A-Za-z0-9-]{{0,8}}?"
    "(?:号楼|单元|号|栋|幢|座|室|楼|层)){0,5})"
)
_STOPS = frozenset("的了是在有和与为电住手身先女于今来说要已我你他她它们这那也不没就都而及或被把让给从到向对请您，。、")
_NAMING = re.compile(
    "(?:姓名|名字|联系人|收件人|收货人|患者|病人|客户|用户|户主|持卡人|法人|法定代表人|负责人|申请人|员工|乘客|房主|我叫|名叫|叫做|他叫|她叫"
    "|叫|我是|本人|这是)(?:[是为叫:：\\s]){0,3}"
)
_ADDRESSED = re.compile("先生|女士|小姐|太太|老师|医生|经理|教授|律师|同学|师傅|主任|总监|老板|同志")


def id_card(number: str) -> bool:
    """Whether 18 characters are an identity number: a real day of birth and the check character of GB 11643-1999."""
    try:
        born = date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    except ValueError:
        return False
    if not number[:17].isdecimal():
        return False
    total = sum(int(d) * w for d, w in zip(number[:17], _ID_WEIGHTS, strict=True))
    return born.year >= 1900 and number[17].upper() == "10X98765432"[total % 11]


def uscc(code: str) -> bool:
    """Whether 18 characters are a unified social credit code: its alphabet and check character, GB 32100-2015."""
    if any(c not in _USCC_ALPHABET for c in code):
        return False
    total = sum(_USCC_ALPHABET.index(c) * pow(3, i, 31) for i, c in enumerate(code[:17]))
    return _USCC_ALPHABET[-total % 31] == code[17]


class ChineseNumbers(Finder):
    """Identity cards, mobiles, bank cards, company numbers, plates and passports of China."""

    TYPES = ("CN_ID_CARD", "CN_MOBILE", "CN_BANK_CARD", "CN_USCC", "CN_PLATE", "CN_PASSPORT")

    def find(self, text: str) -> Iterator[Match]:
        """The numbers."""
        han = _ANY_HAN.search(text) is not None
        if any(c.isdigit() for c in text):
            yield from self._checked(text, han)
            yield from self._mobiles(text, han)
            for hit in _PASSPORT.finditer(text):
                yield Match(*hit.span("value"), "CN_PASSPORT", "form of a passport after a word for it", 0.8)
        if han:
            for hit in _PLATE.finditer(text):
                yield Match(*hit.span(), "CN_PLATE", "form of a licence plate", 0.8)
            for hit in _OLD_ID.finditer(text):
                yield Match(*hit.span("value"), "CN_ID_CARD", "number after a word for an identity card", 0.6)

    @staticmethod
    def _checked(text: str, han: bool) -> Iterator[Match]:
        for hit in _ID.finditer(text):
            if id_card(hit[0]):
                yield Match(*hit.span(), "CN_ID_CARD", "identity card, GB 11643", 1.0, valid=True)
        for hit in _USCC.finditer(text):
            supported = (
                han or not hit[0].isdecimal() or _USCC_WORDS.search(text[max(0, hit.start() - 40) : hit.start()])
            )
            if supported and uscc(hit[0]) and not id_card(hit[0]):
                yield Match(*hit.span(), "CN_USCC", "company number, GB 32100", 0.95, valid=True)
        for hit in _CARD.finditer(text):
            digits = digits_of(hit[0])
            union = digits.startswith("62")
            said = _CARD_WORDS.search(text[max(0, hit.start() - 20) : hit.start()])
            if (union or said) and luhn(digits):
                yield Match(*hit.span(), "CN_BANK_CARD", "bank card, Luhn", 0.95, valid=True)
            elif said and han:
                yield Match(*hit.span(), "CN_BANK_CARD", "number after a word for a bank card", 0.6)

    @staticmethod
    def _mobiles(text: str, han: bool) -> Iterator[Match]:
        for hit in _MOBILE.finditer(text):
            near = text[max(0, hit.start() - 30) : hit.end() + 15]
            if hit["land"] or han or (_MOBILE_WORDS.search(near) and " " not in hit[0]):
                yield Match(*hit.span(), "CN_MOBILE", "form of a mobile number", 0.9)


class ChineseNames(Finder):
    """Names of people and addresses in Chinese."""

    TYPES = ("CN_NAME", "CN_ADDRESS")

    def find(self, text: str) -> Iterator[Match]:
        """The names and addresses."""
        if not _ANY_HAN.search(text):
            return
        yield from self._addresses(text)
        for hit in _NAMING.finditer(text):
            if end := _name_end(text, hit.end(), loose=True):
                yield Match(hit.end(), end, "CN_NAME", "name after a word that announces one", 0.85)
        for hit in _ADDRESSED.finditer(text):
            for length in (3, 2, 1):  # a family name of one or two characters, or a whole name
                start = hit.start() - length
                if start >= 0 and _whole_name(text[start : hit.start()]):
                    yield Match(start, hit.start(), "CN_NAME", "name before a form of address", 0.85)
                    break
        for hit in re.finditer(f"[{_HAN}]{{2,4}}", text):
            if not (hit.start() and _ANY_HAN.match(text[hit.start() - 1])) and not _ANY_HAN.match(
                text[hit.end() : hit.end() + 1]
            ):
                word = hit[0]
                if _surname(word) and word[_surname(word) :] in _given():
                    yield Match(*hit.span(), "CN_NAME", "family and given name", 0.7)

    @staticmethod
    def _addresses(text: str) -> Iterator[Match]:
        done = 0
        for hit in _provinces().finditer(text):
            if hit.start() >= done and (road := re.compile(_ROAD).match(text, hit.end())):
                done = road.end()
                yield Match(hit.start(), done, "CN_ADDRESS", "address from its province or city", 0.9)
        for form in (_ANNOUNCED_ROAD, _BARE_ROAD):
            for hit in form.finditer(text):
                yield Match(*hit.span("value"), "CN_ADDRESS", "address by its road and number", 0.8)


@cache
def _names() -> tuple[frozenset[str], frozenset[str]]:
    provider = importlib.import_module("faker.providers.person.zh_CN").Provider
    family = frozenset(provider.last_names) | set("阎葛范闫邢柯闵单欧解柳焦沙裴覃祝鲍翁")
    family |= {"欧阳", "司马", "上官", "诸葛", "东方", "皇甫", "尉迟", "公孙", "慕容", "令狐", "司徒", "夏侯"}
    return family, frozenset((*provider.first_names_male, *provider.first_names_female))


def _given() -> frozenset[str]:
    return _names()[1]


def _surname(word: str) -> int:
    """The length of the family name at the start of a word, 0 where there is none."""
    return next((size for size in (2, 1) if word[:size] in _names()[0] and len(word) > size), 0)


def _whole_name(word: str) -> bool:
    if word in _names()[0]:
        return True
    size = _surname(word)
    return bool(size) and not _STOPS & set(word[size:]) and all(map(_ANY_HAN.match, word))


def _name_end(text: str, at: int, *, loose: bool) -> int:
    """Where a name that starts at a place ends; 0 where none does."""
    run = re.compile(f"[{_HAN}]{{2,4}}").match(text, at)
    size = _surname(run[0]) if run else 0
    if run is None or not size:
        return 0
    rest = run[0][size : size + 2]
    if len(run[0]) == size + 2 and not _STOPS & set(rest) and loose:
        return at + size + 2
    for length in (2, 1):
        if rest[:length] in _given() and len(rest) >= length:
            return at + size + length
    kept = next((i for i, c in enumerate(rest) if c in _STOPS), len(rest))
    return at + size + kept if loose and kept else 0


@cache
def _provinces() -> re.Pattern[str]:
    provider = importlib.import_module("faker.providers.address.zh_CN").Provider
    long = set(provider.provinces)
    short = {re.sub("(?:省|市|自治区|壮族|回族|维吾尔|特别行政区)", "", name) for name in long}
    cities = {c + "市" for c in provider.cities} | set(provider.cities)
    listed = sorted(long | short | cities, key=len, reverse=True)
    return re.compile(f"(?:{'|'.join(map(re.escape, listed))})(?:[{_HAN}]{{1,7}}(?:市|州|盟|区|县|旗)){{0,3}}")
