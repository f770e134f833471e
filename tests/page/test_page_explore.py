from __future__ import annotations

import random
import re
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

import wordkin
from support.browsing import PHONE, WIDE, screenshot, serving
from support.pages import Explorer, OpenPage
from wordkin.vectors.ngram_sums import NgramRows, NgramSums
from wordkin.vectors.subwords import SubwordVectors

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page, Route

TOPICS = {
    "fish": ["cod", "herring", "salmon", "trout", "carp"],
    "metal": ["iron", "copper", "zinc", "tin", "lead"],
    "city": ["서울", "부산", "대구", "인천", "광주"],
}
MARKUP = [
    "<script>document.title='ran'</script>",
    "<img src=x onerror=document.title='ran'>",
    "<a href=javascript:alert(1)>",
    '"onmouseover="document.title=1',
    "&lt;b&gt;",
    "{{constructor.constructor('document.title=1')()}}",
    "x" * 500,
    "\u202eright to left\u202c",
    "שלום",
    "\x1b[31mred\x07",
    "two words",
    "e\u0301" * 40,
]


@pytest.fixture(scope="module")
def text(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Lines about one topic each: a word's nearest neighbours are the others of its topic."""
    rng = random.Random(1)
    lines = (
        " ".join([*rng.sample(topic, 4), rng.choice(["the", "of"])])
        for topic in rng.choices(list(TOPICS.values()), k=1500)
    )
    path = tmp_path_factory.mktemp("text") / "text.txt"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def exact(text: Path) -> Path:
    """A model that predicts what it was trained to."""
    model = wordkin.Word2Vec(objective="naive-softmax", dim=8, min_count=1, subsample=0).fit(text)
    model.save(text.with_name("exact.safetensors"))
    return text.with_name("exact.safetensors")


@pytest.fixture(scope="module")
def other(text: Path) -> Path:
    """Vectors of some of the same words, and of one more; near each other by chance."""
    words = ["the", *TOPICS["fish"], *TOPICS["metal"], "mercury"]
    matrix = np.random.default_rng(2).normal(size=(len(words), 4)).astype(np.float32)
    path = text.with_name("other.txt")
    wordkin.save(path, wordkin.WordVectors(words, matrix))
    return path


@pytest.fixture(scope="module")
def marked_up(text: Path) -> Path:
    """Vectors of words that are markup, scripts, or hard to set."""
    words = [*MARKUP, *TOPICS["fish"]]
    matrix = np.random.default_rng(3).normal(size=(len(words), 4)).astype(np.float32)
    path = text.with_name("marked_up.safetensors")
    wordkin.save(path, wordkin.WordVectors(words, matrix))
    return path


def title(page: Page) -> Locator:
    return page.locator("h2.title")


def nearest(page: Page) -> Locator:
    return page.get_by_role("list", name=re.compile("^Words nearest to"))


def search(page: Page, word: str) -> None:
    page.get_by_role("combobox").focus()
    page.keyboard.type(word)
    page.keyboard.press("Enter")


def wait_for_word(page: Page, word: str) -> None:
    """Wait until the page is about a word, and its neighbours are there."""
    page.locator("h2.title", has_text=word).wait_for()
    page.get_by_role("list", name=f"Words nearest to {word}").get_by_role("button").first.wait_for()


def rows(list_of_words: Locator) -> list[str]:
    list_of_words.get_by_role("button").first.wait_for()
    return list_of_words.locator(".bar .word").all_inner_texts()


def test_a_word_is_found_and_its_neighbours_opened_by_keyboard_alone(
    explorer: Explorer, open_page: OpenPage, exact: Path
) -> None:
    page = open_page(explorer(exact))
    page.get_by_role("heading", name="Which words are kin?").wait_for()
    page.keyboard.press("/")
    page.keyboard.press("/")  # there already
    page.keyboard.type("erri")
    box = page.get_by_role("combobox")
    page.locator("[role=option]:first-child", has_text="herring").wait_for()
    assert box.get_attribute("aria-expanded") == "true"
    page.keyboard.press("ArrowDown")
    active = box.get_attribute("aria-activedescendant")
    assert page.locator(f"[id='{active}']").inner_text().startswith("herring")
    page.keyboard.press("Enter")
    wait_for_word(page, "herring")
    assert set(rows(nearest(page))[:4]) == {"cod", "salmon", "trout", "carp"}
    nearest(page).get_by_role("button").first.focus()
    page.keyboard.press("ArrowDown")
    second = rows(nearest(page))[1]
    assert page.evaluate("document.activeElement.textContent").startswith(second)
    page.keyboard.press("Enter")
    wait_for_word(page, second)
    assert page.evaluate("document.activeElement.closest('ol') !== null")


def test_enter_takes_the_first_completion_even_before_it_is_there(
    explorer: Explorer, open_page: OpenPage, exact: Path
) -> None:
    page = open_page(explorer(exact))
    search(page, "copp")
    wait_for_word(page, "copper")


def test_a_space_behind_a_word_does_not_hide_it(
    explorer: Explorer, open_page: OpenPage, exact: Path
) -> None:
    page = open_page(explorer(exact))
    search(page, "copper ")
    wait_for_word(page, "copper")


def test_escape_closes_completions_then_empties_the_box(
    explorer: Explorer, open_page: OpenPage, exact: Path
) -> None:
    page = open_page(explorer(exact))
    page.keyboard.press("/")
    page.keyboard.type("co")
    page.get_by_role("option").first.wait_for()
    page.keyboard.press("Escape")
    assert page.get_by_role("option").count() == 0
    assert page.get_by_role("combobox").input_value() == "co"
    page.keyboard.press("Escape")
    assert page.get_by_role("combobox").input_value() == ""


def test_words_spelled_like_an_unknown_one_are_offered_but_not_chosen(
    explorer: Explorer, open_page: OpenPage, exact: Path
) -> None:
    page = open_page(explorer(exact))
    search(page, "samlon")
    page.get_by_text("No word “samlon”.").wait_for()
    assert page.get_by_role("heading", name="Which words are kin?").is_visible()
    page.get_by_role("option", name="salmon").click()
    wait_for_word(page, "salmon")


def test_an_unknown_word_that_is_composed_shows_what_is_nearest(
    explorer: Explorer, open_page: OpenPage, exact: Path
) -> None:
    words = ["herring", "herrings", "iron"]
    spelled = b"herrirri"
    table = NgramRows(
        np.frombuffer(spelled, np.uint8), np.array([0, 4, 8]), np.eye(2, 3, dtype=np.float32), 4, 4
    )
    vectors = SubwordVectors(words, np.eye(3), None, NgramSums(table))
    path = exact.with_name("composed.safetensors")
    wordkin.save(path, vectors)
    page = open_page(explorer(path))
    search(page, "herrix")
    page.get_by_text("No word “herrix”. Nearest, composed from 1 n-gram:").wait_for()
    offers = page.get_by_role("option").locator(".word")
    assert offers.all_inner_texts() == words
    page.get_by_role("option").first.click()
    wait_for_word(page, "herring")


def test_korean_words_are_found_by_a_syllable_and_while_one_is_composed(
    explorer: Explorer, open_page: OpenPage, exact: Path
) -> None:
    page = open_page(explorer(exact), locale="ko-KR")
    page.keyboard.press("/")
    composer = page.context.new_cdp_session(page)
    composer.send("Input.imeSetComposition", {"text": "서", "selectionStart": 1, "selectionEnd": 1})
    page.get_by_role("option", name="서울").wait_for()
    # The Enter that ends a syllable is the input method's.
    page.get_by_role("combobox").dispatch_event("keydown", {"key": "Enter", "isComposing": True})
    assert page.get_by_role("heading", name="Which words are kin?").is_visible()
    composer.send("Input.insertText", {"text": "서"})
    page.keyboard.press("Enter")
    wait_for_word(page, "서울")
    assert set(rows(nearest(page))[:4]) == {"부산", "대구", "인천", "광주"}


def test_a_neighbour_opens_by_a_click_and_back_leads_to_the_word_before(
    explorer: Explorer, open_page: OpenPage, exact: Path
) -> None:
    page = open_page(explorer(exact))
    search(page, "iron")
    wait_for_word(page, "iron")
    first = rows(nearest(page))[0]
    nearest(page).get_by_role("button").first.click()
    wait_for_word(page, first)
    page.go_back()
    wait_for_word(page, "iron")
    page.go_forward()
    wait_for_word(page, first)


def test_an_address_with_nonsense_shows_the_beginning(
    explorer: Explorer, open_page: OpenPage, exact: Path
) -> None:
    address = explorer(exact)
    for nonsense in ("tab=word&id=99999", "m=7&tab=word&id=1", "<b>", "tab=compare&ids=1,x"):
        page = open_page(f"{address}#{nonsense}")
        page.get_by_role("heading", name="Which words are kin?").wait_for()


def test_an_analogy_is_done_by_clicking_words(
    explorer: Explorer, open_page: OpenPage, exact: Path
) -> None:
    page = open_page(explorer(exact))
    search(page, "cod")
    wait_for_word(page, "cod")
    page.get_by_role("button", name="Use in analogy").click()
    page.get_by_role("button", name="herring", exact=True).click()
    page.get_by_role("button", name="b: herring").wait_for()
    search(page, "iron")
    answers = page.get_by_role("list", name="Answers")
    assert set(rows(answers)[:4]) <= {*TOPICS["metal"], *TOPICS["fish"]}
    page.get_by_role("radio", name="Product").check()
    page.wait_for_url(re.compile(r"#m=0&tab=analogy&ids=\d+,\d+,\d+&method=mul$"))
    page.get_by_role("button", name="Swap").click()
    page.get_by_role("button", name="a: herring").wait_for()
    page.get_by_role("button", name="Clear", exact=True).click()
    page.get_by_text("Choose three words").wait_for()


def test_a_slot_that_is_clicked_takes_the_next_word(
    explorer: Explorer, open_page: OpenPage, exact: Path
) -> None:
    page = open_page(f"{explorer(exact)}#m=0&tab=analogy&ids=2,3,4&method=add")
    page.get_by_role("button", name=re.compile("^b: ")).click()
    search(page, "zinc")
    page.get_by_role("button", name="b: zinc").wait_for()


def test_words_are_compared_in_a_table_and_removed_by_a_click(
    explorer: Explorer, open_page: OpenPage, exact: Path
) -> None:
    page = open_page(explorer(exact))
    search(page, "tin")
    wait_for_word(page, "tin")
    page.get_by_role("button", name="Compare").click()
    page.get_by_text("One more:").wait_for()
    search(page, "lead")
    page.get_by_role("button", name="Remove lead").wait_for()
    search(page, "서울")
    page.get_by_role("button", name="Remove 서울").wait_for()
    page.locator("table tbody tr").nth(2).wait_for()
    cells = [float(cell.replace("−", "-")) for cell in page.locator("td").all_inner_texts() if cell]
    table = np.array(cells).reshape(3, 3)
    assert (table == table.T).all()
    assert (np.diag(table) == 1).all()
    assert table[0, 1] > table[0, 2]
    search(page, "tin")
    page.get_by_text("That word is already in the comparison.").wait_for()
    page.get_by_role("button", name="Remove 서울").click()
    page.get_by_role("button", name="Remove 서울").wait_for(state="detached")
    assert page.locator("table tbody tr").count() == 2


def test_what_an_exact_model_expects_is_shown_in_percent(
    explorer: Explorer, open_page: OpenPage, exact: Path
) -> None:
    page = open_page(explorer(exact))
    search(page, "zinc")
    expected = page.get_by_role("list", name="Words expected around zinc")
    model = wordkin.Word2Vec.load(exact)
    (word, probability), *_ = model.predict("zinc", 10)
    assert rows(expected)[0] == word
    shown = expected.locator(".value").first.inner_text()
    assert float(shown.removesuffix(" %")) == pytest.approx(100 * probability, abs=0.05)


def test_a_request_to_a_busy_server_is_repeated(
    explorer: Explorer, open_page: OpenPage, exact: Path
) -> None:
    page = open_page(explorer(exact), expected=("503",))
    refusals = iter(["too much", "still too much"])

    def answer(route: Route) -> None:
        if body := next(refusals, None):
            route.fulfill(status=503, headers={"retry-after": "0"}, body=body)
        else:  # not by `times`: the request that comes while a route is taken down can be lost
            route.continue_()

    page.route("**/api/neighbours?*", answer)
    search(page, "zinc")
    wait_for_word(page, "zinc")
    assert next(refusals, None) is None


def test_a_model_that_does_not_answer_is_not_shown(
    explorer: Explorer, open_page: OpenPage, exact: Path, other: Path
) -> None:
    page = open_page(explorer(exact, other), expected=("/api/same", "ERR_FAILED"))
    search(page, "zinc")
    page.locator("h2.title", has_text="zinc").wait_for()
    page.get_by_role("list", name="Words nearest to zinc").nth(1).wait_for()
    address = page.url
    page.route("**/api/same?*", lambda route: route.abort())
    page.get_by_role("radio", name="other").click()
    page.get_by_role("alert").wait_for()
    assert page.url == address
    assert page.get_by_role("radio", name="exact").is_checked()


def test_sentences_tell_why_two_words_are_near(
    explorer: Explorer, open_page: OpenPage, exact: Path, text: Path
) -> None:
    page = open_page(explorer(exact, "--corpus", text))
    search(page, "carp")
    wait_for_word(page, "carp")
    page.get_by_role("button", name="Why is cod near?").click()
    quote = page.locator("blockquote").first
    quote.wait_for()
    assert quote.locator("mark").count() >= 1
    assert quote.inner_text() in text.read_text(encoding="utf-8")
    lines = text.read_text(encoding="utf-8").splitlines()
    both = sum({"cod", "carp"} <= set(line.split()) for line in lines)
    page.get_by_text(f"both in {both}.").wait_for()
    page.get_by_role("button", name="Why is cod near?").click()
    quote.wait_for(state="detached")


def test_two_models_stand_side_by_side_and_say_what_they_share(
    explorer: Explorer, open_page: OpenPage, exact: Path, other: Path
) -> None:
    page = open_page(explorer(exact, other))
    search(page, "cod")
    page.get_by_text(re.compile(r"of the first \d+ neighbours are shared")).wait_for()
    lists = page.get_by_role("list", name="Words nearest to cod")
    one, two = (rows(lists.nth(at)) for at in (0, 1))
    page.get_by_text(f"{len(set(one) & set(two))} of the first").wait_for()
    alone = [text.strip() for text in lists.nth(1).locator(".alone .word").all_inner_texts()]
    assert alone == [word for word in two if word not in one] == ["mercury"]
    assert page.locator("canvas").count() >= 2
    search(page, "mercury")
    page.get_by_text("“mercury” is not in this model.").wait_for()


def test_a_narrow_window_shows_the_map_of_the_current_model(
    explorer: Explorer, open_page: OpenPage, exact: Path, other: Path
) -> None:
    page = open_page(explorer(exact, other), size=PHONE)
    page.get_by_role("region", name="Map of exact").wait_for()
    assert page.get_by_role("region", name="Map of other").count() == 0
    page.get_by_role("radio", name="other").check()
    page.get_by_role("region", name="Map of other").wait_for()


def test_words_of_12_letters_are_whole_in_two_columns_of_a_phone(
    explorer: Explorer, open_page: OpenPage, text: Path
) -> None:
    words = ["neighbouring", "construction", "relationship", "intermediate"]
    paths = [text.with_name(f"long{number}.txt") for number in (1, 2)]
    for seed, path in enumerate(paths):
        matrix = np.random.default_rng(seed).normal(size=(4, 3)).astype(np.float32)
        wordkin.save(path, wordkin.WordVectors(words, matrix))
    page = open_page(f"{explorer(*paths, '--corpus', text)}#m=0&tab=word&id=0", size=PHONE)
    nearest(page).nth(1).get_by_role("button").first.wait_for()
    screenshot(page, "explore-two-phone")
    shown = page.locator(".bar .word")
    assert shown.count() == 6
    for word in shown.all():
        assert word.evaluate("word => word.scrollWidth <= word.clientWidth"), word.inner_text()
    page.get_by_role("button", name="Why is construction near?").first.click()
    page.get_by_text("No word stands near both").wait_for()


def test_an_exported_page_opens_from_its_file_and_answers_clicks(
    explorer: Explorer, open_page: OpenPage, exact: Path, tmp_path: Path
) -> None:
    page = open_page(explorer(exact))
    search(page, "trout")
    wait_for_word(page, "trout")
    with page.expect_download() as download:
        page.get_by_role("link", name="Export").click()
    path = tmp_path / "page.html"
    download.value.save_as(path)
    shown = rows(nearest(page))
    page = open_page(path.as_uri())
    wait_for_word(page, "trout")
    assert rows(nearest(page)) == shown
    assert page.get_by_role("link", name="Export").count() == 0
    nearest(page).get_by_role("button").first.click()
    wait_for_word(page, shown[0])
    search(page, "서울")
    wait_for_word(page, "서울")
    page.get_by_role("tab", name="Compare").click()
    search(page, "cod")
    page.get_by_role("button", name="Remove cod").wait_for()
    search(page, "iron")
    page.locator("table tbody tr").nth(1).wait_for()
    vectors = wordkin.load(exact)
    cosine = vectors.similarity("cod", "iron")
    title = page.locator("td[title^='cod, iron']").get_attribute("title") or ""
    assert float(title.split(": ")[1].replace("−", "-")) == pytest.approx(cosine, abs=1e-3)
    assert page.get_by_text("whose vectors are in this page").count() == 0  # all are


@pytest.fixture(scope="module")
def many() -> wordkin.WordVectors:
    """More words than a page holds vectors of; one without a direction."""
    matrix = np.random.default_rng(4).normal(size=(2300, 20)).astype(np.float32)
    matrix[7] = 0
    return wordkin.WordVectors([f"word{i}" for i in range(len(matrix))], matrix)


@pytest.fixture(scope="module")
def map_page(many: wordkin.WordVectors, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The address of a page of its map."""
    path = tmp_path_factory.mktemp("map") / "map.html"
    many.map().save(path)
    return path.as_uri()


def scored(list_of_words: Locator) -> dict[str, float]:
    scores = list_of_words.locator(".bar .value").all_inner_texts()
    figures = [float(score.replace("−", "-")) for score in scores]
    return dict(zip(rows(list_of_words), figures, strict=True))


def agree(scores: dict[str, float], answer: list[tuple[str, float]]) -> None:
    assert list(scores) == [word for word, _ in answer]
    assert list(scores.values()) == pytest.approx([score for _, score in answer], abs=1e-3)


def test_a_page_of_a_map_answers_analogies_that_are_not_exported(
    open_page: OpenPage, many: wordkin.WordVectors, map_page: str
) -> None:
    page = open_page(map_page)
    page.get_by_role("tab", name="Analogy").click()
    queried = ("word12", "word700", "word1999")
    for slot, word in zip("abc", queried, strict=True):
        search(page, word)
        page.get_by_role("button", name=f"{slot}: {word}").wait_for()
    answers = page.get_by_role("list", name="Answers")
    answers.wait_for()
    agree(scored(answers), many.analogy(*queried, within=2000))
    page.get_by_role("radio", name="Product").check()
    page.wait_for_url(re.compile("method=mul$"))
    agree(scored(answers), many.analogy(*queried, method="mul", within=2000))
    page.get_by_text("Among the 2,000 words whose vectors are in this page.").wait_for()
    screenshot(page, "exported-analogy")


def test_a_page_of_a_map_compares_words_that_nobody_compared_before(
    open_page: OpenPage, many: wordkin.WordVectors, map_page: str
) -> None:
    page = open_page(f"{map_page}#m=0&tab=compare&ids=5,7,900,44")
    words = ["word5", "word7", "word900", "word44"]
    near = page.get_by_role("list", name="Nearest to all of them")
    near.wait_for()
    agree(scored(near), many.most_similar(words, within=2000))
    for a, b in (("word5", "word7"), ("word900", "word5"), ("word44", "word900")):
        title = page.locator(f"td[title^='{a}, {b}:']").get_attribute("title") or ""
        cosine = float(title.split(": ")[1].replace("−", "-"))
        assert cosine == pytest.approx(many.similarity(a, b), abs=1e-3)
    page.get_by_text("Among the 2,000 words whose vectors are in this page.").wait_for()


@pytest.mark.parametrize("view", ["analogy&ids=5,2200,900&method=add", "compare&ids=5,2200"])
def test_a_page_of_a_map_says_where_a_word_without_a_vector_can_be_queried(
    open_page: OpenPage, map_page: str, view: str
) -> None:
    page = open_page(f"{map_page}#m=0&tab={view}")
    page.get_by_text(
        "“word2200” has no vector in this page. Open the model with wordkin explore for all words."
    ).wait_for()
    assert page.locator("table").count() == 0


def test_an_exported_page_offers_only_what_it_can_tell(
    explorer: Explorer, open_page: OpenPage, exact: Path, text: Path, tmp_path: Path
) -> None:
    vectors = wordkin.load(exact)
    carp, cod = (vectors.index(word) for word in ("carp", "cod"))
    address = explorer(exact, "--corpus", text)
    page = open_page(f"{address}#m=0&tab=word&id={carp}&with={cod}")
    page.locator("blockquote").first.wait_for()
    with page.expect_download() as download:
        page.get_by_role("link", name="Export").click()
    path = tmp_path / "page.html"
    download.value.save_as(path)
    page = open_page(path.as_uri())
    page.locator("blockquote").first.wait_for()
    page.get_by_role("list", name="Words expected around carp").wait_for()
    assert page.locator(".why").count() == 1
    nearest(page).get_by_role("button", name=re.compile("^cod")).click()
    wait_for_word(page, "cod")
    assert page.locator(".why").count() == 0
    assert page.get_by_role("heading", name="Expected around it").count() == 0
    assert page.get_by_text("Not in this exported page.").count() == 0


@pytest.mark.parametrize("view", ["", "tab=word&id=3", "tab=analogy&ids=2,3,4", "tab=compare"])
@pytest.mark.parametrize("size", [WIDE, PHONE, (320, 640)])
def test_nothing_is_wider_than_the_window(
    explorer: Explorer,
    open_page: OpenPage,
    marked_up: Path,
    exact: Path,
    size: tuple[int, int],
    view: str,
) -> None:
    compared = f"&ids={','.join(map(str, range(12)))}" if view == "tab=compare" else ""
    tab = view[4:].partition("&")[0] or "start"
    for model in (exact, marked_up):
        page = open_page(f"{explorer(model)}#m=0&{view}{compared}", size=size)
        page.locator("canvas").first.wait_for()
        page.wait_for_load_state("networkidle")
        for theme in ("light", "dark"):
            page.emulate_media(color_scheme=theme)
            screenshot(page, f"explore-{model.stem}-{tab}-{size[0]}-{theme}")
            assert page.evaluate("document.documentElement.scrollWidth") <= size[0]
            panel = page.get_by_role("tabpanel")
            assert panel.evaluate("panel => panel.scrollWidth <= panel.clientWidth")


def test_what_is_pressed_on_a_phone_is_large_enough_for_a_finger(
    explorer: Explorer, open_page: OpenPage, exact: Path, text: Path
) -> None:
    address = explorer(exact, "--corpus", text)
    for view in ("tab=word&id=3", "tab=analogy&ids=2,3,4", "tab=compare&ids=2,3,4"):
        page = open_page(f"{address}#m=0&{view}", size=PHONE, touch=True)
        page.wait_for_load_state("networkidle")
        for target in page.locator("button:visible, a:visible, input[type=text]").all():
            box = target.bounding_box()
            assert box is not None
            assert box["height"] >= 40, target.inner_text()


def test_words_that_are_markup_or_scripts_are_shown_as_they_are(
    explorer: Explorer, open_page: OpenPage, marked_up: Path
) -> None:
    page = open_page(explorer(marked_up))
    for number, word in enumerate(MARKUP):
        page.evaluate(f"location.hash = 'm=0&tab=word&id={number}'")
        page.wait_for_function("() => document.title !== 'Words · wordkin'")
        page.locator("h2.title:not(:empty)").wait_for()
        if word.isascii() and word.isprintable() and " " not in word:
            page.get_by_text(word, exact=True).first.wait_for()
    assert page.locator("h2 > *, .word > *").count() == 0
    assert page.title() != "ran"


@pytest.mark.parametrize("system", ["light", "dark"])
def test_the_theme_follows_the_system_until_one_is_chosen(
    explorer: Explorer, open_page: OpenPage, exact: Path, system: str
) -> None:
    page = open_page(explorer(exact), theme=system)
    page.get_by_role("button", name="Theme: auto").wait_for()
    assert page.locator("html").get_attribute("data-theme") == system
    page.get_by_role("button", name="Theme: auto").click()
    page.get_by_role("button", name="Theme: light").click()
    page.get_by_role("button", name="Theme: dark").wait_for()
    page.reload()
    page.get_by_role("button", name="Theme: dark").wait_for()
    assert page.locator("html").get_attribute("data-theme") == "dark"


def test_the_keys_are_listed_in_a_dialog(
    explorer: Explorer, open_page: OpenPage, exact: Path
) -> None:
    page = open_page(explorer(exact))
    page.get_by_role("heading", name="Which words are kin?").wait_for()
    page.keyboard.press("?")
    page.get_by_role("dialog", name="Keys").wait_for()
    page.keyboard.press("Escape")
    page.get_by_role("dialog", name="Keys").wait_for(state="hidden")
    page.get_by_role("combobox").press_sequentially("?")
    assert page.get_by_role("dialog").count() == 0


def test_a_better_layout_is_fetched_when_it_is_there(
    explorer: Explorer, open_page: OpenPage, exact: Path
) -> None:
    page = open_page(explorer(exact))
    page.get_by_text("PCA", exact=True).wait_for()
    about = page.evaluate("async () => await (await fetch('api/about')).json()")
    requests = 0

    def answer(route: Route) -> None:
        nonlocal requests
        requests += 1
        layout = ("PCA", "UMAP") if requests < 3 else ("UMAP", None)
        about["models"][0] |= dict(zip(("layout", "pending"), layout, strict=True))
        route.fulfill(json=about)

    page.route("**/api/about", answer)
    with page.expect_request("**/api/map?model=0"):  # of the page as it begins
        page.reload()
    page.get_by_text("UMAP is being computed").wait_for()
    with page.expect_request("**/api/map?model=0"):
        page.get_by_text("UMAP", exact=True).wait_for()
    assert requests == 3


def test_a_late_answer_to_an_earlier_query_is_dropped(
    explorer: Explorer, open_page: OpenPage, exact: Path
) -> None:
    page = open_page(explorer(exact))
    late: list[Route] = []
    page.route("**/api/search?*q=co", lambda route: late.append(route))
    page.get_by_role("combobox").focus()
    with page.expect_request("**/api/search?*q=co"):
        page.keyboard.type("co")
    page.keyboard.type("p")
    page.get_by_role("option", name="copper").wait_for()
    offered = page.get_by_role("option").all_inner_texts()
    assert offered[0].startswith("copper")
    with page.expect_response("**/api/search?*q=co"):
        late[0].continue_()
    page.evaluate("() => new Promise(requestAnimationFrame)")
    assert page.get_by_role("option").all_inner_texts() == offered


def test_a_browser_that_the_server_does_not_know_sees_why(
    explorer: Explorer, open_page: OpenPage, exact: Path
) -> None:
    page = open_page(explorer(exact), expected=("403",))
    page.locator(".chip").first.wait_for()
    page.context.clear_cookies()
    page.locator(".chip").first.click()
    page.get_by_role("alert").get_by_text("does not know this browser").wait_for()


def test_a_stopped_server_is_reported(open_page: OpenPage, exact: Path) -> None:
    with serving("explore", exact, "--no-browser", "--port", 0) as served:
        page = open_page(served.address, expected=("ERR_CONNECTION_REFUSED",))
        page.get_by_role("heading", name="Which words are kin?").wait_for()
        page.wait_for_load_state("networkidle")
    page.get_by_role("button", name="cod", exact=True).or_(
        page.locator(".chip").first
    ).first.click()
    page.get_by_role("alert").get_by_text("start it again with wordkin explore").wait_for()
    search(page, "co")
    page.locator("search [role=status]", has_text="The explorer has stopped.").wait_for()
