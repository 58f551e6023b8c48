"""A letter as it goes out (T1 to T4): whatever people write, it is a letter with these headers and no others."""

from __future__ import annotations

from email import message_from_bytes
from email.policy import default
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.letter import POLICY, Paper, Unwritable, markup, write

PAPER = Paper("https://starling.test", "mail@starling.test")
HEADERS = {
    "from", "to", "reply-to", "subject", "date", "message-id", "list-unsubscribe", "list-unsubscribe-post", "mime-version",
    "content-type",
}  # fmt: skip


def letter(**more: Any) -> dict[str, Any]:
    return {
        "id": "5d3c1e0a-0001-4000-8000-000000000001", "token": "t" * 32, "sender": "Olive", "reply_to": "olive@starling.test",
        "team": "Wrens", "to_name": "Ada", "to_address": "ada@starling.test", "subject": "Tides", "body": "Look: https://a.test/x.",
        "links": {"https://a.test/x": "k" * 32},
    } | more  # fmt: skip


def read(message: Any) -> Any:
    return message_from_bytes(message.as_bytes(policy=POLICY), policy=default)


def test_links_lead_by_way_of_the_app_and_the_rest_is_text():
    body = 'Dear <Ada> & "co",\nsee (https://a.test/x?a=1&b=2).\n\njavascript:alert(1) https://b.test/"><script>'
    message = read(write(letter(body=body, links={"https://a.test/x?a=1&b=2": "k" * 32}), PAPER))
    plain = message.get_body(("plain",)).get_content().replace("\r", "")
    html = message.get_body(("html",)).get_content().replace("\r", "")
    assert f"see (https://starling.test/t/c/{'k' * 32}).\n" in plain
    assert f"To get no more of it: https://starling.test/t/u/{'t' * 32}" in plain
    assert "<p>Dear &lt;Ada&gt; &amp; &quot;co&quot;,<br>see (<a" in html
    assert f'<a href="https://starling.test/t/c/{"k" * 32}">https://a.test/x?a=1&amp;b=2</a>).</p>' in html
    assert '<a href="https://b.test/">https://b.test/</a>&quot;&gt;&lt;script&gt;' in html
    assert "<script" not in html
    assert 'href="javascript' not in html
    assert f'<img src="https://starling.test/t/o/{"t" * 32}.gif" width="1" height="1" alt="">' in html


def test_one_click_ends_it():  # T3
    message = read(write(letter(), PAPER))
    assert message["List-Unsubscribe"] == f"<https://starling.test/t/u/{'t' * 32}>"
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert message["Message-ID"] == "<5d3c1e0a-0001-4000-8000-000000000001@starling.test>"
    assert str(message["From"]) == '"Olive (Wrens)" <mail@starling.test>'


def test_answers_go_to_whoever_wrote():  # T4
    assert str(read(write(letter(), PAPER))["Reply-To"]) == "Olive <olive@starling.test>"
    assert read(write(letter(reply_to=None), PAPER))["Reply-To"] is None


@given(
    sender=st.text(max_size=80),
    team=st.text(max_size=80),
    name=st.text(max_size=120),
    subject=st.text(max_size=200),
    body=st.text(),
)
def test_whatever_people_write_it_is_one_letter(sender: str, team: str, name: str, subject: str, body: str):  # T1
    try:
        written = write(letter(sender=sender, team=team, to_name=name, subject=subject, body=body), PAPER)
        raw = written.as_bytes(policy=POLICY)
    except (Unwritable, UnicodeEncodeError):  # what is no text at all
        assert any("\ud800" <= letter <= "\udfff" for letter in sender + team + name + subject + body)
        return
    message = message_from_bytes(raw, policy=default)
    assert {key.lower() for key in message} == HEADERS
    assert [address.addr_spec for address in message["To"].addresses] == ["ada@starling.test"]
    assert raw.isascii()


@pytest.mark.parametrize("name", ["Ada\r\nBcc: x@starling.test", "Ada\nBcc: x@starling.test", "Ada\x00\u2028Bcc: x"])
def test_a_header_stays_one(name: str):  # T1
    message = read(write(letter(to_name=name, subject=name, sender=name, team=name), PAPER))
    assert message["Bcc"] is None
    assert str(message["Subject"]).startswith("Ada Bcc: x")


@pytest.mark.parametrize(
    "address", ["ada", "a b@starling.test", "ada@starling.test, eve@starling.test", "<ada@x.test>", ""]
)
def test_what_is_no_address_is_not_written_to(address: str):
    with pytest.raises(Unwritable):
        write(letter(to_address=address), PAPER)


@given(st.text())
def test_markup_holds_no_tag_of_anybodys(text: str):
    said = markup(text, {})
    for ours in ("<p>", "</p>", "<br>", "</a>"):
        said = said.replace(ours, "")
    assert said.count("<") == said.count('<a href="http')
