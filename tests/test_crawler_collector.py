import gc

from crawler import collector


def test_what_is_loaded_is_left_out_of_collections() -> None:
    before = gc.get_threshold()
    try:
        collector.settle()
        assert gc.get_freeze_count() > 10_000
        assert gc.get_threshold()[0] == collector.THRESHOLD
    finally:
        gc.unfreeze()
        gc.set_threshold(*before)
