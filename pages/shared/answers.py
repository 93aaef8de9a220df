"""Answers of a tuned model from a warm process of its own: the dashboard itself never imports torch.

The process speaks JSON lines over its pipes, so a typed text touches neither disk nor log, and ends by itself when
nobody asked for 15 minutes or when the dashboard's end of the pipe closes.
"""

import json
import queue
import subprocess
import sys
import tempfile
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Any

import streamlit as st

from core.errors import InputError

PROJECT = Path(__file__).resolve().parents[2]
MOST = 20_000  # characters of a text; the model reads fewer anyway
START_S, ANSWER_S = 120.0, 30.0


class Answerer:
    """One process that answers, started when first needed and again where it has ended.

    Safe to share between sessions: one question at a time.
    """

    def __init__(self, command: Sequence[str], start_s: float = START_S, answer_s: float = ANSWER_S) -> None:
        """Start nothing yet; `start_s` and `answer_s` are how long it may take to load and to answer."""
        self.command, self.start_s, self.answer_s = list(command), start_s, answer_s
        self.lock = threading.Lock()
        self.process: subprocess.Popen[str] | None = None
        self.lines: queue.Queue[str | None] = queue.Queue()

    @property
    def warm(self) -> bool:
        """Whether an answer needs no loading first."""
        return self.process is not None and self.process.poll() is None

    def load(self) -> None:
        """Start the process where it is not there, and wait until it is ready.

        Raises:
            InputError: it cannot answer, and why.
        """
        with self.lock:
            self._load()

    def ask(self, text: str) -> dict[str, Any]:
        """Return the answer to a text, as `core.model.predict` gives it.

        Raises:
            InputError: nothing to answer, or the process did not answer.
        """
        if not text.strip():
            raise InputError("Type a text first.")
        if len(text) > MOST:
            raise InputError(f"The text has {len(text):,} characters; at most {MOST:,} can be tried here.")
        with self.lock:
            self._load()
            try:
                found = self._exchange(json.dumps({"text": text}) + "\n")
            except (OSError, EOFError):  # it ended just now, idle: the text is not lost
                self._stop()
                self._load()
                try:
                    found = self._exchange(json.dumps({"text": text}) + "\n")
                except (OSError, EOFError):
                    self._stop()
                    raise InputError("The model's process ended while it answered. Try again.") from None
        if "error" in found:
            raise InputError(str(found["error"]))
        return found

    def close(self) -> None:
        """End the process."""
        with self.lock:
            self._stop()

    def _load(self) -> None:
        if self.warm:
            return
        self._stop()
        # Kept for a start that fails, and only until then: nobody has typed anything yet.
        with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as said:
            self.process = subprocess.Popen(
                self.command,
                cwd=PROJECT,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=said,
                encoding="utf-8",
                errors="replace",
            )
            self.lines = queue.Queue()
            threading.Thread(target=_read, args=(self.process.stdout, self.lines), daemon=True).start()
            try:
                ready = self._line(self.start_s)
            except EOFError:
                code = self.process.wait()
                self._stop()
                said.seek(0)
                why = said.read().strip().splitlines()
                told = why[-1] if code == 2 and why else "its process ended. Measure again, then try."
                raise InputError(f"The model cannot be loaded: {told}") from None
        if not ready.get("ready"):
            self._stop()
            raise InputError("The model cannot be loaded: it did not say that it is ready. Measure again, then try.")

    def _exchange(self, line: str) -> dict[str, Any]:
        if self.process is None or self.process.stdin is None:
            raise EOFError
        self.process.stdin.write(line)
        self.process.stdin.flush()
        return self._line(self.answer_s)

    def _line(self, seconds: float) -> dict[str, Any]:
        try:
            line = self.lines.get(timeout=seconds)
        except queue.Empty:
            self._stop()  # else its late answer would be taken for the next question's
            raise InputError(f"The model said nothing for {seconds:.0f} s, so it was stopped. Try again.") from None
        if line is None:
            raise EOFError
        try:
            found = json.loads(line)
        except ValueError:
            found = {}
        return found if isinstance(found, dict) else {}

    def _stop(self) -> None:
        process, self.process = self.process, None
        if process is None:
            return
        process.kill()  # it holds nothing that could be half-written
        process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                try:
                    pipe.close()
                except OSError:
                    pass  # what was left to write had nobody to read it


def _read(source: IO[str], lines: "queue.Queue[str | None]") -> None:
    try:
        for line in source:
            lines.put(line)
    except ValueError:
        pass  # closed while it was read
    lines.put(None)


def _close(it: Answerer) -> None:
    it.close()


@st.cache_resource(max_entries=2, show_spinner=False, on_release=_close)
def answerer(run_dir: str) -> Answerer:
    """The process that answers with the model of this run; two models at most are kept in memory."""
    return Answerer([sys.executable, "-m", "core", "model", "predict", run_dir, "--serve"])
