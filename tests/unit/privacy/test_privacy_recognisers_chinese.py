"""Chinese texts and numbers: check digits hold, and each kind is found where it stands."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.privacy.detect import detector
from core.privacy.recognisers.base import luhn
from core.privacy.recognisers.chinese import ChineseNumbers, id_card, uscc

_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
REGIONS = st.sampled_from(["110105", "310101", "440304", "510107", "650102"])
BORN = st.dates(min_value=date(1900, 1, 1), max_value=date(2025, 1, 1))


def kinds(text: str) -> dict[str, str]:
    return {m.type: text[m.start : m.end] for m in ChineseNumbers().find(text) if m.valid}


@st.composite
def identity(draw: st.DrawFn) -> str:
    """An identity number by the congruence that GB 11643 states: sum of a_i * 2^(18-i) is 1 modulo 11."""
    body = draw(REGIONS) + draw(BORN).strftime("%Y%m%d") + f"{draw(st.integers(0, 999)):03d}"
    total = sum(int(d) * pow(2, 17 - i) for i, d in enumerate(body))
    return body + next("X" if c == 10 else str(c) for c in range(11) if (total + c) % 11 == 1)


@st.composite
def company(draw: st.DrawFn) -> str:
    """A credit code by the congruence of GB 32100: the sum of c_i * 3^(i-1), the last with weight 1, is 0 mod 31."""
    body = "91" + draw(REGIONS) + "".join(draw(st.lists(st.sampled_from(_ALPHABET), min_size=9, max_size=9)))
    total = sum(_ALPHABET.index(c) * 3**i for i, c in enumerate(body))
    return body + next(c for c in _ALPHABET if (total + _ALPHABET.index(c)) % 31 == 0)


@given(identity())
def test_a_valid_identity_number_is_found_and_one_wrong_digit_is_not(number: str) -> None:
    assert id_card(number)
    assert kinds(f"身份证号{number}。") == {"CN_ID_CARD": number}
    wrong = number[:16] + str((int(number[16]) + 1) % 10) + number[17]
    assert not id_card(wrong)
    assert "CN_ID_CARD" not in kinds(f"number {wrong} here")


@pytest.mark.parametrize("born", ["19910231", "20001301", "18991231", "00000000"])
def test_an_identity_number_with_an_impossible_birthday_is_none(born: str) -> None:
    assert not any(id_card(f"110105{born}001{c}") for c in "0123456789X")


@given(company(), st.integers(2, 16), st.integers(1, 30))
def test_a_valid_company_number_is_found_and_one_wrong_character_is_not(code: str, at: int, by: int) -> None:
    assert uscc(code)
    assert code in kinds(f"信用代码：{code}，").values()
    wrong = code[:at] + _ALPHABET[(_ALPHABET.index(code[at]) + by) % 31] + code[at + 1 :]
    assert not uscc(wrong)


@given(st.integers(0, 10**13 - 1))
def test_a_bank_card_needs_its_check_digit_unless_the_text_says_what_it_is(body: int) -> None:
    digits = f"62{body:013d}"
    number = next(digits + str(d) for d in range(10) if luhn(digits + str(d)))
    wrong = digits + str((int(number[-1]) + 1) % 10)
    assert kinds(f"转到 {number} 谢谢")["CN_BANK_CARD"] == number
    assert "CN_BANK_CARD" not in kinds(f"转到 {wrong} 谢谢")
    assert [m.type for m in ChineseNumbers().find(f"卡号：{wrong}")] == ["CN_BANK_CARD"]


def test_known_codes() -> None:
    """The example of GB 11643-1999's annex, and a listed company's published code."""
    assert id_card("11010519491231002X")
    assert uscc("91350100M000100Y43")
    assert luhn("4111111111111111")


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("姓名：王小明，男", "CN_NAME", "王小明"),
        ("我叫欧阳娜娜，来自上海", "CN_NAME", "欧阳娜娜"),
        ("请联系李娜女士", "CN_NAME", "李娜"),
        ("手机号13812345678，谢谢", "CN_MOBILE", "13812345678"),
        ("call my China mobile 13812345678", "CN_MOBILE", "13812345678"),
        ("车牌京A12345停在门口", "CN_PLATE", "京A12345"),
        ("新能源车牌粤BD12345", "CN_PLATE", "粤BD12345"),
        ("护照号码E12345678", "CN_PASSPORT", "E12345678"),
        ("住在北京市朝阳区建国路88号3号楼1201室。", "CN_ADDRESS", "北京市朝阳区建国路88号3号楼1201室"),
        ("地址：南山区科技园路5号", "CN_ADDRESS", "南山区科技园路5号"),
    ],
)
def test_each_kind_is_found_where_it_stands(text: str, kind: str, value: str) -> None:
    [spans] = detector().detect([text])
    assert (kind, value) in [(s.type, text[s.start : s.end]) for s in spans]


@pytest.mark.parametrize(
    "text", ["今天天气很好，我们去公园玩。", "这是一个很好的产品", "请问什么时候发货", "order 13812345678901 is late"]
)
def test_a_text_without_personal_data_is_left_alone(text: str) -> None:
    [spans] = detector().detect([text])
    assert not [s for s in spans if s.type.startswith("CN_")]
