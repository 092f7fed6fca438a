"""The rules every company starts with. A tag's name is worded in the reader's language by the pages."""

from crm_core.tags.rules import Rule
from crm_core.transcripts.speech import Side

GREETING = "greeting"
PRICE_ASKED = "price_asked"
MEETING_AGREED = "meeting_agreed"
CALL_BACK_PROMISED = "call_back_promised"

STARTER_RULES = (
    Rule(
        GREETING,
        {
            "ru": ("=добрый|доброе|доброго день|утро|вечер", "=здравствуйте|здравствуй", "=приветствую"),
            "en": ("=good =morning|afternoon|evening|day", "=hello|hi|welcome", "thank .. for calling"),
        },
        side=Side.MANAGER,
        within=10.0,
    ),
    Rule(
        PRICE_ASKED,
        {
            "ru": (
                "сколько .. =стоит|стоят|стоить|стоил|стоила|стоило",
                "сколько .. обойтись|обходиться",
                "какой|каков .. цена|стоимость|расценки|прайс|тариф",
                "=почем",
                "по .. =цене|ценам|деньгам",
                "узнать|подсказать|сказать|назвать|сориентировать|уточнить|интересовать .. цена|стоимость|расценки|прайс",
            ),
            "en": (
                "how much",
                "what .. price|cost|rate|fee",
                "tell|know|ask|need .. price|pricing|cost",
                "price =list",
            ),
        },
        side=Side.CUSTOMER,
    ),
    Rule(
        MEETING_AGREED,
        {
            "ru": (
                "встреча .. =записала|записал|записали|назначила|назначил|назначили|подтверждаю|поставила|поставил",
                "=записала|записал|записали|записываю|назначила|назначил|назначили|подтверждаю .. встреча",
                "=записала|записал|записали|записываю .. =вас =на .. @day",
                "договориться .. встреча|@day",
                "=до =встречи .. @day",
                "=жду|ждем|ждём =вас .. @day",
                "=буду|будем|приеду|приедем .. =вас .. @day",
            ),
            "en": (
                "=booked|scheduled|confirmed|arranged|confirm .. meeting|appointment|@day",
                "meeting .. =booked|scheduled|confirmed|arranged|set",
                "=see =you .. =then|there|@day",
            ),
        },
    ),
    # A manager's «в четверг удобно?» only asks; the customer's answer agrees.
    Rule(
        MEETING_AGREED,
        {
            "ru": ("@day .. =удобно|подходит|устраивает|договорились",),
            "en": ("@day .. =fine|works|suits|good|great|perfect",),
        },
        side=Side.CUSTOMER,
    ),
    Rule(
        CALL_BACK_PROMISED,
        {
            "ru": (
                "=перезвоню|перезвоним|перезвонит",
                "=наберу|наберем =вас|вам|@day",
                "=вас =наберу|наберем",
                "=вам .. =позвоню|позвоним",
                "=позвоню|позвоним .. =вам",
                "=свяжусь|свяжемся .. =вами",
                "=вами .. =свяжусь|свяжемся|свяжется|свяжутся",
            ),
            "en": (
                "=will|i'll|we'll .. =call|ring|phone .. =back",
                "=will|i'll|we'll .. =get =back =to =you",
                "=will|i'll|we'll|shall .. =return .. =call",
                "=will|i'll|we'll =call|ring|phone =you",
            ),
        },
        side=Side.MANAGER,
    ),
)
