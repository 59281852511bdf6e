import dataclasses

import pytest

from crawler.items import TEXT_SOURCES
from filters.text import REASONS, CleanedText, TextFilter, clean_text

DOG = "A brown dog runs along the wet beach at sunset"


def reason(text: str, source: str = "alt") -> str | None:
    return TextFilter().clean(text, source).reason


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        (f"  {DOG}\n\t today ", f"{DOG} today"),
        ("The farmer&#39;s dog &amp; its <b>red</b> ball", "The farmer's dog & its red ball"),
        ("The farmer&amp;#39;s dog and cat", "The farmer's dog and cat"),
        ("The farmerâ€™s dog in a cafÃ©", "The farmer\u2019s dog in a café"),
        ("A dog\u200b on\xa0the beach \U0001f436\U0001f3d6\ufe0f", "A dog on the beach"),
        ("A dog <img src=x onerror=alert(1)> on the beach", "A dog on the beach"),
        (f"{DOG} https://dogs.example.com/a?b=c", DOG),
        (f"{DOG}. www.dogs.example", f"{DOG}."),
        (f"{DOG} | dogs-at-sea.com", DOG),
        ("The dogs.com founder walks on the beach", "The dogs.com founder walks on the beach"),
        (f"{DOG} #dog #beach #happy_dog", DOG),
        ("The #dog runs on the beach", "The dog runs on the beach"),
        (f"{DOG} mail@example.com", DOG),
        ("A dog , a cat and a ball !", "A dog, a cat and a ball!"),
        ("A dog\ufffdand a cat", "A dog and a cat"),
        ("A dog \ud800and a\udfff cat", "A dog and a cat"),
    ],
)
def test_remains_of_the_web_are_removed(text: str, cleaned: str) -> None:
    assert clean_text(text, "alt") == cleaned


@pytest.mark.parametrize(
    "credit",
    [
        " (Photo by Jo Doe)",
        " (Photo: Jo Doe/Reuters)",
        " (AP Photo/Jo Doe, File)",
        " [Image: NASA]",
        " (Reuters)",
        " Photo: Jo Doe",
        " Credit: Jo Doe for The Dog Times",
        " Image credit: Jo Doe",
        " Photograph by Jo Doe/AFP/Getty Images",
        " Courtesy of Jo Doe",
        " © Jo Doe",
        " © 2019 Dog News Ltd",
        " Jo Doe/Getty Images",
        " Jo Doe / AP, file",
        " | Jo Doe/PA Images via Getty Images",
        " Getty Images",
        " @jodoe/via REUTERS THIS IMAGE HAS BEEN SUPPLIED BY A THIRD PARTY. MANDATORY CREDIT.",
        " Jo Doe for Dog News",
        "Jo Doe / AP - Dog News Images",
        "The Associated Press",
        " (DNA)",
        " / AFP / JO DOE",
    ],
)
def test_credits_behind_a_caption_are_removed(credit: str) -> None:
    assert clean_text(f"{DOG}.{credit}", "figcaption") == f"{DOG}."


@pytest.mark.parametrize(
    "text",
    [
        "Photo: Jo Doe",
        "Photo by Jo Doe",
        "© Jo Doe 2019",
        "Jo Doe/Getty Images",
        "Getty Images",
        "Courtesy Jo Doe",
        "(Image credit: Dog News)",
        "Foto: Jo Doe CC BY 2.0",
        "Jo Doe via DogTube",
    ],
)
def test_a_credit_alone_is_dropped(text: str) -> None:
    assert reason(text, "figcaption") == "credit_only"


@pytest.mark.parametrize(
    "text",
    [
        "A photo of a dog on a beach",
        "Two men and/or women walk a dog",
        "A dog waits (left) while a cat (right) eats",
        "People in the picture by the sea",
        "The getty museum seen from the garden",
    ],
)
def test_words_of_credits_in_a_description_stay(text: str) -> None:
    assert clean_text(text, "figcaption") == text


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("How to Wash a Dog | Dog News", "How to Wash a Dog"),
        ("How to Wash a Dog - Dog News", "How to Wash a Dog"),
        ("How to Wash a Dog \u2013 The Dog Times", "How to Wash a Dog"),
        ("How to Wash a Dog | Pets | Dog News", "How to Wash a Dog"),
        ("How to Wash a Dog | dognews.com", "How to Wash a Dog"),
        ("Pets | How to wash a big brown dog", "How to wash a big brown dog"),
        ("How to Wash a Dog - and keep it happy", "How to Wash a Dog - and keep it happy"),
        ("Wash a Dog in 5 Steps | 5 Ways!", "Wash a Dog in 5 Steps | 5 Ways!"),
        ("How to Wash a Dog - Breaking News - The Dog post", "How to Wash a Dog"),
        ("How to Wash a Dog - D! Online", "How to Wash a Dog"),
    ],
)
def test_the_sites_name_goes_from_titles(text: str, cleaned: str) -> None:
    assert clean_text(text, "title") == cleaned


def test_a_dash_in_alt_text_is_no_site() -> None:
    assert clean_text("Wool coat - black, size large", "alt") == "Wool coat - black, size large"


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("LONDON (AP) \u2014 A dog swam across the river.", "A dog swam across the river."),
        ("LONDON: A dog swam across the river.", "A dog swam across the river."),
        ("HAPPY DOG: It swam across the river.", "HAPPY DOG: It swam across the river."),
        ("Image: a dog swims across the river", "a dog swims across the river"),
        ("FILE - A dog swims across the river", "A dog swims across the river"),
        ("1044631, Brown dog swims across the river", "Brown dog swims across the river"),
        ("Image 3 of 12: Brown dog swims across the river", "Brown dog swims across the river"),
        ("Dog News on Instagram: “The dog swims across the river”", "The dog swims across the river"),
        ("Cover image: a dog swims across the river", "a dog swims across the river"),
        ("SEOUL, Aug. 20 (Dognews) -- A dog swims across the river", "A dog swims across the river"),
        ("Nov. 2 (Dog News) -- A dog swims across the river", "A dog swims across the river"),
        ("NEW DOGVILLE (Reuters) - A dog swims across the river", "A dog swims across the river"),
        ("WATCH ABOVE: A dog swims across the river", "A dog swims across the river"),
        ("$15 · Rubber ball for a big dog", "Rubber ball for a big dog"),
        ("Rubber ball for a big dog - £4.99", "Rubber ball for a big dog"),
        ("A dog swims across the river - Photo", "A dog swims across the river"),
        ("The dog in an undated picture.Facebook", "The dog in an undated picture."),
        (
            "The dog swims across the river in the new Bark 500 image",
            "The dog swims across the river in the new Bark 500",
        ),
        (
            "The dog swims across the river in a black and white image",
            "The dog swims across the river in a black and white image",
        ),
        ("The dog swims across the river via @jodoe", "The dog swims across the river"),
        ("The dog swims across the river with Jo Doe AP", "The dog swims across the river with Jo Doe"),
    ],
)
def test_what_stands_before_a_description_is_removed(text: str, cleaned: str) -> None:
    assert clean_text(text, "alt") == cleaned


@pytest.mark.parametrize("mark", ["…", "...", " […]", "… Continue reading Dog Days"])
def test_a_sentence_that_a_teaser_cuts_goes(mark: str) -> None:
    assert clean_text(f"{DOG}. Its owner, who was on{mark}", "description") == f"{DOG}."


def test_a_single_cut_sentence_loses_its_loose_end() -> None:
    assert clean_text(f"{DOG} and the…", "description") == DOG


def test_prose_that_stops_without_a_full_stop_was_cut() -> None:
    assert clean_text(f"{DOG}. Its owner was on hol", "surrounding") == f"{DOG}."


def test_notices_of_the_site_go_and_the_rest_stays() -> None:
    text = f"Sign up for our newsletter. {DOG}. All rights reserved."

    assert clean_text(text, "description") == f"{DOG}."


def test_sentences_are_kept_while_they_fit() -> None:
    text = "One dog runs. Two dogs run. Three dogs run."

    assert TextFilter(max_words=6).clean(text, "alt").text == "One dog runs. Two dogs run."


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "no_text"),
        (" \n\xa0", "no_text"),
        ("&nbsp;", "no_text"),
        ("<br/>", "no_text"),
        ("https://dogs.example.com/", "no_text"),
        ("\U0001f436\U0001f436", "no_text"),
        ("...", "no_text"),
        ("DSC_0123.JPG", "file_name"),
        ("IMG 2031", "file_name"),
        ("brown-dog-750x369-1", "file_name"),
        ("brown-dog", "file_name"),
        ("185288188", "file_name"),
        ("963E5476-D7CE-471C-B600-99FF767E4266", "file_name"),
        ("Screen Shot 2020-04-05 at 9.08.36 PM", "file_name"),
        ("beach 1", "file_name"),
        ("dog", "too_short"),
        ("brown dog", "too_short"),
        ("Jo Doe", "name_only"),
        ("Ngozi Okonjo Iweala", "name_only"),
        ("The Dog Times", "name_only"),
        ("Primary Menu", "boilerplate"),
        ("Dog News logo", "boilerplate"),
        ("Click to enlarge", "boilerplate"),
        ("Share this story with a friend", "boilerplate"),
        ("Subscribe to our newsletter today", "boilerplate"),
        ("More dogs you may like", "boilerplate"),
        ("condition: new colour: brown size: 3 feet", "boilerplate"),
        ("Call the dog shop at (555) 555-0100 today", "boilerplate"),
        ("The Daily Dog News website logo PNG", "boilerplate"),
        ("By Jo Doe on Mon, May 4, 2020 at 1:02 pm", "boilerplate"),
        ("Updated at: Mon, 7 May 2018 06:45:10 GMT", "boilerplate"),
        ("More on: dogs A dog swims A dog runs on the beach", "boilerplate"),
        ("Image may contain dog animal and outdoor", "boilerplate"),
        ("dog, puppy, beach, sea, sand, ball", "spam"),
        ("Cheap viagra for you and your dog", "spam"),
        ("brown dog puppy beach sea sand ball", "spam"),
        ("That fucking dog ate the ball", "profane"),
        ("Ein brauner Hund läuft am Strand und spielt mit einem Ball", "not_english"),
        ("Un perro marrón corre por la playa con una pelota", "not_english"),
        ("Un chien brun court sur la plage avec une balle", "not_english"),
        ("海滩上的一只棕色的狗", "not_english"),
        ("Коричневая собака бежит по пляжу", "not_english"),
        ("The zxqv wqrtk plmzz vbnnq of trrkw", "high_oov"),
        ("dog dog dog dog dog dog on the beach", "repetitive"),
        ("Wednesday, March 02, 2011", "not_descriptive"),
        ("“To be a good dog is to be a friend.”", "not_descriptive"),
    ],
)
def test_every_kind_of_noise_has_its_reason(text: str, expected: str) -> None:
    assert reason(text) == expected
    assert clean_text(text, "alt") is None


def test_prose_that_only_asks_is_dropped_and_a_title_may_ask() -> None:
    assert reason("Why do brown dogs run on beaches?", "description") == "not_descriptive"
    assert reason("Why do brown dogs run on beaches?", "title") is None


def test_one_endless_sentence_is_too_long() -> None:
    sentence = " and ".join(["the dog runs on the beach"] * 3 + ["a cat sleeps in the old house"] * 8)

    assert reason(sentence) == "too_long"


def test_every_reason_is_documented_and_every_documented_reason_is_lower_case() -> None:
    assert all(word == word.lower() and " " not in word and meaning for word, meaning in REASONS.items())
    for text in ("", "a.jpg", "Getty Images", "Home", "a, b, c, d, e", "dog", "Jo Doe"):
        assert reason(text) in REASONS


@pytest.mark.parametrize(
    "text",
    [
        DOG,
        "Mill Street in Doghampton",
        "cucumber yogurt salad in a bowl",
        "Spicy Turnip Stew Recipe",
        "Crème brûlée and café au lait on a table",
        "Angela Merkel and Emmanuel Macron walk in Aachen",
        "A logo is painted on the wall of the factory",
        "The dog's owner, Ms. Doe, is from the U.S. Virgin Islands",
        "2024 Toyota Corolla in red",
        "A family comes home",
        "Bright morning star",
    ],
)
@pytest.mark.parametrize("source", TEXT_SOURCES)
def test_the_rules_keep_descriptions_as_they_are(text: str, source: str) -> None:
    assert TextFilter(min_describing=0.0).clean(text, source) == CleanedText(text, None)


@pytest.mark.parametrize(
    "text",
    [
        DOG,
        "A brown dog and a white cat sit on a wooden bench",
        "Turnip stew with potatoes in a white bowl",
        "The mayor of Doghampton opens a new bridge across the river",
    ],
)
@pytest.mark.parametrize("source", TEXT_SOURCES)
def test_plain_descriptions_are_kept_wherever_they_stand(text: str, source: str) -> None:
    assert clean_text(text, source) == text


@pytest.mark.parametrize(
    ("text", "source"),
    [
        ("Thank you so much, I am so glad you liked it!", "surrounding"),
        ("I really hope you give these a try soon.", "surrounding"),
        ("Your daily dose of dog news", "heading"),
        ("Our products and services", "heading"),
        ("Portrait of Jo Doe", "other_alt"),
    ],
)
def test_what_no_rule_catches_the_model_drops(text: str, source: str) -> None:
    assert TextFilter(min_describing=0.0).clean(text, source).reason is None
    assert reason(text, source) == "not_descriptive"


def test_cleaning_twice_changes_nothing() -> None:
    once = clean_text(f"{DOG}. (Photo: Jo Doe/Reuters) #dog", "alt")

    assert once is not None
    assert clean_text(once, "alt") == once


def test_a_dropped_text_comes_back_as_found() -> None:
    assert TextFilter().clean("  Getty Images ", "alt") == CleanedText("  Getty Images ", "credit_only")


def test_settings_are_the_callers() -> None:
    assert TextFilter(min_words=1).clean("dogs", "alt").reason == "not_descriptive"
    assert TextFilter(min_words=5).clean("A dog runs fast", "alt").reason == "too_short"
    assert TextFilter(max_oov=1.0).clean("The zxqv wqrtk plmzz vbnnq of trrkw", "alt").reason is None


@pytest.mark.parametrize(
    "change",
    [
        {"min_words": 0},
        {"min_words": 9, "max_words": 8},
        {"max_oov": 1.1},
        {"max_repetition": float("nan")},
        {"max_characters": 0},
        {"min_words": 2.5},
        {"max_words": float("inf")},
        {"max_characters": float("inf")},
        {"max_characters": float("nan")},
        {"min_describing": 1.1},
        {"min_describing": float("nan")},
    ],
)
def test_settings_that_make_no_sense_are_refused(change: dict[str, float]) -> None:
    name, value = next(iter(change.items()))
    with pytest.raises(ValueError, match=rf"{name}.*\b{value}\b"):
        dataclasses.replace(TextFilter(), **change)  # type: ignore[arg-type]
