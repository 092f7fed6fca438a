"""The short pipeline's words."""

from crm_core.deals.template import StageWords, TemplateWords

RUSSIAN = TemplateWords(
    "Короткая: четыре этапа", "Для простых продаж: заявка, разговор, счёт, оплата.", "Короткая воронка",
    (
        StageWords(
            "Заявка", "Заявка", "связаться с клиентом, пока он ждёт",
            "Известно, кто обратился; с ним связались.", "Запись звонка или текст заявки.",
            "1. Прослушайте звонок или прочтите заявку.\n2. Если клиент не звонил сам, позвоните ему.\n"
            "3. Переходите к разговору.",
            ("Позвонить клиенту",),
        ),
        StageWords(
            "Разговор", "Разговор", "понять, что нужно, и назвать цену",
            "С клиентом говорили; записано, что он покупает и за сколько.", "Прайс-лист; звонок по клику.",
            "1. Спросите, что нужно и к какому сроку.\n2. Назовите цену.\n3. Запишите, о чём сделка и сумму.",
        ),
        StageWords(
            "Счёт", "Счёт", "выставить счёт и дождаться оплаты",
            "Счёт отправлен, клиент назвал день оплаты.", "Счёт; реквизиты.",
            "1. Отправьте счёт.\n2. Убедитесь, что его получили.\n3. В названный день проверьте оплату.",
            ("Выставить счёт и проверить оплату",),
        ),
        StageWords(
            "Оплачено", "Оплачено", "выполнить и поблагодарить", "Деньги получены.", "Выписка банка.",
            "1. Убедитесь, что оплачено.\n2. Поблагодарите.",
        ),
    ),
    {},
)  # fmt: skip

ENGLISH = TemplateWords(
    "Short: four stages", "For simple sales: request, talk, invoice, paid.", "Short pipeline",
    (
        StageWords(
            "Request", "Request", "get in touch while the customer waits",
            "It is known who came, and he was answered.", "The recording of the call, or the request's text.",
            "1. Listen to the call, or read the request.\n2. If the customer did not call himself, call him.\n"
            "3. Go on to the talk.",
            ("Call the customer",),
        ),
        StageWords(
            "Talk", "Talk", "understand what is needed and name the price",
            "The customer was spoken with; it is written down what he buys and for how much.",
            "The price list; a call by a click.",
            "1. Ask what is needed and by when.\n2. Name the price.\n3. Write down what the deal is about and its amount.",
        ),
        StageWords(
            "Invoice", "Invoice", "send the invoice and wait for the payment",
            "The invoice was sent and the day of payment is named.", "The invoice; the company's details.",
            "1. Send the invoice.\n2. Make sure that it arrived.\n3. Look for the payment on the day that was named.",
            ("Send the invoice and check the payment",),
        ),
        StageWords(
            "Paid", "Paid", "deliver and thank", "The money came in.", "The bank statement.",
            "1. Make sure that it is paid.\n2. Say thank you.",
        ),
    ),
    {},
)  # fmt: skip
