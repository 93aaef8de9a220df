"""A venture small enough to be measured within a test: three intents, a hundred and some rows, a few people's data."""

import csv
from pathlib import Path

ASKS = {
    "card": ["my card was stolen", "the card does not work", "I lost my debit card", "block my card please"],
    "loan": ["I want a loan", "what does a loan cost", "can I repay my loan early", "the loan rate went up"],
    "login": ["I forgot my password", "I cannot log in", "the app signs me out", "reset my login please"],
}
FRAMES = ["Hello, {}.", "{} today", "Since Monday: {}", "Please help, {}", "{}, thank you", "Again: {}", "Urgent! {}"]
FRAMES += ["I wrote before: {}", "Good day. {}", "{} and nobody answers", "Question: {}", "My issue is that {}"]

TOML = """# A small venture for a test
schema = 1
name = "Small desk"

[must]
accuracy = 0.5
p95_ms = 2000

[model]
epochs = {epochs}

[[datasets]]
id = "asks"
path = "asks.csv"
text = "text"
label = "intent"
licence = "LicenseRef-own"

[[dependencies]]
manifest = "requirements.txt"

[distribution]
modes = ["saas"]

[market]
currency = "USD"
tam = ["banks", "price"]
sam = ["reach"]
som = ["win"]

[[market.assumptions]]
id = "banks"
label = "Small banks"
unit = "banks"
p10 = 3000
p50 = 4000
p90 = 5000
by = "a test"

[[market.assumptions]]
id = "price"
label = "Price per bank and year"
unit = "USD/year"
p10 = 1000
p50 = 2000
p90 = 4000
by = "a test"

[[market.assumptions]]
id = "reach"
label = "Reachable"
unit = "share"
p10 = 0.2
p50 = 0.3
p90 = 0.5
by = "a test"

[[market.assumptions]]
id = "win"
label = "Won"
unit = "share"
p10 = 0.01
p50 = 0.03
p90 = 0.06
by = "a test"
"""


def write(folder: Path, epochs: int = 1) -> Path:
    """Write the venture into `folder` and return its file."""
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / "asks.csv", "w", newline="", encoding="utf-8") as f:
        rows = csv.writer(f)
        rows.writerow(["text", "intent"])
        for intent, asks in ASKS.items():
            rows.writerows([frame.format(ask), intent] for ask in asks for frame in FRAMES)
        rows.writerow(["My mail is jane.roe@example.com, I forgot my password", "login"])
    (folder / "requirements.txt").write_text("packaging\n", encoding="utf-8")
    (folder / "venture.toml").write_text(TOML.format(epochs=epochs), encoding="utf-8")
    return folder / "venture.toml"
