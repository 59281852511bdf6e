"""Which open_clip model a recipe names: a small value that prints what it is and loads it."""

from dataclasses import dataclass

from scoring.pictures import JointEncoder


@dataclass(frozen=True, slots=True)
class JointChoice:
    """An open_clip model.

    Attributes:
        model: `lait`, or a name that open_clip knows.
        weights: a file, a folder or a tag, as `scoring.clip.load_clip` takes them; None for the packaged ones.
    """

    model: str
    weights: str | None = None

    def load(self) -> JointEncoder:
        """The model, once a process; raises ValueError, in one line that says what to do, where it cannot be had."""
        from scoring.clip import load_clip  # takes a second, which a recipe without one need not wait

        return load_clip(self.model, self.weights)
