"""Plain text and PDFs with text, a row a paragraph."""

from collections.abc import Iterable, Iterator

import pypdfium2 as pdfium

from core.errors import InputError
from core.privacy.sources.decode import lines
from core.privacy.sources.faults import Faults
from core.privacy.sources.reader import Reader, Row

COLUMN = "text"
LINES = 30  # more without a blank one between are no paragraph but a list: each is a row
ENCRYPTED = 4  # FPDF_ERR_PASSWORD of pdfium's FPDF_GetLastError


class Paragraphs(Reader):
    """A text file; blank lines part its paragraphs."""

    def rows(self, faults: Faults | None = None) -> Iterator[Row]:
        """Yield the paragraphs."""
        self.columns = [COLUMN]
        for paragraph in paragraphs(lines(self.path, faults)):
            yield [paragraph]


class Pdf(Reader):
    """A PDF; a page without text is noted."""

    def rows(self, faults: Faults | None = None) -> Iterator[Row]:
        """Yield the paragraphs of its pages."""
        self.columns = [COLUMN]
        noted, found = faults or Faults(), False
        try:
            document = pdfium.PdfDocument(self.path)
        except pdfium.PdfiumError as error:
            if getattr(error, "err_code", None) == ENCRYPTED:
                raise InputError(f"{self.name}: locked by a password; save it without one.") from None
            raise InputError(f"{self.name}: begins like a PDF but cannot be read; save it again.") from None
        try:
            for number, page in enumerate(document, 1):
                page_text = page.get_textpage().get_text_bounded()
                if not page_text.strip():
                    noted.note("page", number)
                for paragraph in paragraphs(page_text.splitlines(keepends=True)):
                    found = True
                    yield [paragraph]
        except pdfium.PdfiumError:
            raise InputError(f"{self.name}: a page of it cannot be read; save it again.") from None
        finally:
            document.close()
        if not found:
            raise InputError(
                f"{self.name}: a PDF without text, such as a scan; recognise its text (OCR) and give that."
            )


def paragraphs(source: Iterable[str]) -> Iterator[str]:
    """Group lines up to a blank one; long runs of lines stay lines."""
    held: list[str] = []
    for line in source:
        if line.strip():
            held.append(line)
            if len(held) > LINES:
                yield from (one.strip() for one in held)
                held = []
        elif held:
            yield "".join(held).strip()
            held = []
    if held:
        yield "".join(held).strip()
