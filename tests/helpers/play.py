"""What the tests of `numpygan play` share: a small game, and a trainer that one can wait for."""

import queue
from dataclasses import replace

from numpygan.play.player import Trainer
from numpygan.play.setup import Setup
from numpygan.recipes.builtin import RECIPES

SMALL = replace(
    RECIPES["ring"],
    generator=("relu 12", "linear"),
    scale_g=(0.0, 0.0),
    discriminator=("leaky 12",),
    keep=(1.0, 1.0),
    scale_d=(0.0, 0.0),
    batch=16,
)
SECONDS = 30  # after which a test gives up


class Player:
    """A trainer, and what it has said."""

    def __init__(self, recipe=SMALL):
        self._messages = queue.Queue()
        self.trainer = Trainer(
            Setup(recipe), lambda kind, content: self._messages.put((kind, content))
        )
        self.trainer.start()
        self.do("hello")
        self.setup = self.next("setup")

    def do(self, do, **more):
        assert self.trainer.do_if_room({"do": do, **more})

    def next(self, kind):
        """The next message of this kind."""
        while True:
            found, content = self._messages.get(timeout=SECONDS)
            if found == kind:
                return content

    def until(self, holds):
        """The first frame of which `holds(frame)`."""
        while True:
            self.trainer.want()
            frame = self.next("frame")
            if holds(frame):
                return frame

    def step_to(self, iteration):
        """One iteration after the other, until `iteration`."""
        for now in range(self.trainer.match.training.iteration + 1, iteration + 1):
            self.do("iteration")
            frame = self.until(
                lambda frame, now=now: frame["iteration"] == now and not frame["line"]
            )
        return frame

    def close(self):
        self.trainer.close()
        self.trainer.join(SECONDS)
        assert not self.trainer.is_alive()


# What a page shows


def at(page, iteration, line=0):
    page.wait_for_selector(f"[data-game=A][data-iteration='{iteration}'][data-line='{line}']")


def shown(page, name):
    return page.get_attribute(f"[data-game=A] [data-number={name}]", "data-value")
