"""Which pages of a chat are held: Span, without a database. The rest of `reading` is tested with a hundred thousand messages."""

from __future__ import annotations

import random

from state.reading import MOST, PAGE, Span, page_of


def test_every_message_stands_on_one_page() -> None:
    for seq in (1, 2, PAGE, PAGE + 1, 2 * PAGE, 100_000):
        (page,) = [n for n in range(2_000) if n * PAGE < seq <= (n + 1) * PAGE]
        assert page_of(seq) == page
        assert Span(page, page).top >= seq > Span(page, page).top - PAGE


def test_a_span_slides_page_by_page_and_is_never_longer_than_it_may_be() -> None:  # R1, R2
    draw = random.Random(5)
    for _ in range(200):
        seq, newest = sorted((draw.randint(1, 5_000), draw.randint(1, 5_000)))
        span = Span.around(seq, newest)
        assert page_of(seq) in span
        assert set(span) <= set(range(page_of(newest) + 1))
        for _ in range(30):
            before = span
            if draw.random() < 0.5:
                span = span.older()
                assert span.first == max(0, before.first - 1)
            else:
                span = span.newer()
                assert span.last == before.last + 1
            assert 1 <= len(list(span)) <= MOST
            assert set(span) & set(before), "what one looks at stays"
