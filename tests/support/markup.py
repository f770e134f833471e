"""A thousand words that are markup."""

from __future__ import annotations

MARKUP = [
    form.format(i)
    for i in range(125)
    for form in (
        "<script>alert({})</script>", "</script><script>alert({})//", "<img src=x onerror=f({})>",
        "\"'><svg/onload=alert({})>", "javascript:alert({})", "<!--{}", "]]>{}",
        "\u2028{}\u2029</style>",
    )
]  # fmt: skip
