"""What is known about each type of personal data before any file is read: its name, its group, its odds by chance."""

from collections.abc import Mapping
from typing import Literal

Group = Literal["direct", "context"]

DIRECT: Group = "direct"
CONTEXT: Group = "context"

# A direct identifier points at a person by itself. A context type does so only together with others.
TYPES: Mapping[str, tuple[Group, str]] = {
    "PERSON": (DIRECT, "person name"),
    "EMAIL_ADDRESS": (DIRECT, "e-mail address"),
    "PHONE_NUMBER": (DIRECT, "phone number"),
    "CREDIT_CARD": (DIRECT, "payment card"),
    "IBAN_CODE": (DIRECT, "IBAN"),
    "CRYPTO": (DIRECT, "crypto wallet"),
    "IP_ADDRESS": (DIRECT, "IP address"),
    "MAC_ADDRESS": (DIRECT, "MAC address"),
    "US_SSN": (DIRECT, "US social security number"),
    "US_ITIN": (DIRECT, "US taxpayer number"),
    "US_PASSPORT": (DIRECT, "US passport"),
    "US_DRIVER_LICENSE": (DIRECT, "US driver's licence"),
    "US_BANK_NUMBER": (DIRECT, "US bank account"),
    "UK_NHS": (DIRECT, "UK NHS number"),
    "MEDICAL_LICENSE": (DIRECT, "US medical licence"),
    "CN_NAME": (DIRECT, "Chinese name"),
    "CN_ID_CARD": (DIRECT, "Chinese identity card"),
    "CN_MOBILE": (DIRECT, "Chinese mobile number"),
    "CN_BANK_CARD": (DIRECT, "Chinese bank card"),
    "CN_PASSPORT": (DIRECT, "Chinese passport"),
    "CN_PLATE": (DIRECT, "Chinese licence plate"),
    "CN_ADDRESS": (DIRECT, "Chinese address"),
    "SECRET": (DIRECT, "key, token or password"),
    "CN_USCC": (CONTEXT, "Chinese company number"),
    "AGE": (CONTEXT, "age"),
    "TITLE": (CONTEXT, "form of address or occupation"),
    "ZIP_CODE": (CONTEXT, "postcode"),
    "LOCATION": (CONTEXT, "place"),
    "DATE_TIME": (CONTEXT, "date or time"),
    "NRP": (CONTEXT, "nationality, religion or politics"),
    "ORGANIZATION": (CONTEXT, "organisation"),
    "URL": (CONTEXT, "web address"),
    "UUID": (CONTEXT, "random identifier"),
    "NUMBER": (CONTEXT, "unexplained number"),
}

# A checksum of this kind accepts a random number of the right length with this probability, so that in a column of
# plain numbers that many hits mean nothing. Lengths are the digits that the recogniser reads.
CHANCE: Mapping[str, tuple[float, range]] = {
    "CREDIT_CARD": (1 / 10, range(12, 20)),  # Luhn, ISO/IEC 7812-1
    "UK_NHS": (1 / 11, range(10, 11)),  # modulus 11
}

# Words of a column's name that say which kind of name its values are.
NAMED: Mapping[str, frozenset[str]] = {
    "LOCATION": frozenset(
        "city cities town village county country state province region district place location locality".split()
    ),
    "ORGANIZATION": frozenset(
        "company companies employer organisation organization firm vendor supplier merchant brand institution bank "
        "university school agency business manufacturer publisher".split()
    ),
}
NAMED_PERSON = frozenset(
    "person contact owner manager holder user customer client employee patient first last given family full author "
    "agent representative rep by".split()
)


def group(kind: str) -> Group:
    """The group of an entity type; one that is not in the table counts as direct, the safe side."""
    return TYPES.get(kind, (DIRECT, ""))[0]


def title(kind: str) -> str:
    """An entity type in words for a person."""
    return TYPES.get(kind, (DIRECT, kind.replace("_", " ").lower()))[1]
