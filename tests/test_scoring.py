from banmian.scoring import Mention, score_spans


def m(start, end, label="ORG", where="p"):
    return Mention(where, tuple(range(start, end)), label, "")


def test_exact_and_overlap_by_hand():
    gold = [m(0, 4), m(10, 14), m(20, 24, "SLOGAN")]
    predicted = [m(0, 4), m(11, 14), m(20, 24, "INITIATIVE"), m(30, 31)]
    scores = score_spans(gold, predicted)
    assert scores["exact"]["all"].as_row() == {
        "precision": 0.25, "recall": 0.3333, "f1": 0.2857, "hits": 1, "gold": 3, "predicted": 4,
    }  # fmt: skip
    assert scores["overlap"]["ORG"].hits == 2
    assert scores["overlap"]["all"].hits == 2


def test_one_prediction_cannot_count_for_two():
    assert score_spans([m(0, 4), m(5, 9)], [m(0, 9)])["overlap"]["ORG"].hits == 1
    assert score_spans([m(0, 4)], [m(0, 4), m(0, 4)])["exact"]["ORG"].hits == 1


def test_the_same_place_on_another_page_is_another_place():
    assert score_spans([m(0, 4)], [m(0, 4, where="q")])["exact"]["all"].hits == 0
