"""The words of repeat sales."""

from crm_core.deals.template import StageWords, TemplateWords

RUSSIAN = TemplateWords(
    "Повторные продажи: пять этапов", "Сюда переходит выигранная сделка: клиент доволен, что ему ещё нужно?", "Повторные продажи",
    (
        StageWords(
            "После проекта", "После проекта", "узнать, доволен ли клиент, и остаться на связи",
            "Известно, всем ли доволен клиент; он знает, к кому обращаться.", "История сделки; звонок по клику.",
            "1. Позвоните через месяц после сдачи.\n2. Спросите, что хорошо и что мешает.\n"
            "3. Запишите, что клиенту ещё может понадобиться.",
            ("Позвонить: всё ли хорошо, что ещё нужно",),
        ),
        StageWords(
            "Новая потребность", "Потребность", "понять, что нужно теперь и за сколько",
            "С клиентом говорили; записано, о чём новая сделка и её сумма.", "Список услуг; прошлые договорённости.",
            "1. Расскажите, что нового.\n2. Выясните задачу и срок.\n3. Запишите, о чём сделка и сумму.",
            ("Выяснить новую задачу и бюджет",),
        ),
        StageWords(
            "Предложение", "Предложение", "отправить предложение и узнать мнение",
            "Предложение отправлено, мнение известно.", "Шаблон предложения.",
            "1. Соберите предложение.\n2. Отправьте.\n3. Позвоните и узнайте мнение.", ("Отправить предложение",),
        ),
        StageWords(
            "Счёт", "Счёт", "выставить счёт и дождаться оплаты", "Счёт отправлен, день оплаты назван.", "Счёт; реквизиты.",
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
    "Repeat sales: five stages", "A deal that was won comes here: is the customer content, and what else does he need?",
    "Repeat sales",
    (
        StageWords(
            "After the project", "After", "learn whether the customer is content, and stay in touch",
            "It is known whether the customer is content; he knows whom to turn to.", "The deal's history; a call by a click.",
            "1. Call a month after the work was handed over.\n2. Ask what is good and what is in the way.\n"
            "3. Write down what else he may need.",
            ("Call: is all well, what else is needed?",),
        ),
        StageWords(
            "New need", "Need", "understand what is needed now, and for how much",
            "The customer was spoken with; it is written down what the new deal is about, and its amount.",
            "The list of services; what was agreed before.",
            "1. Say what is new.\n2. Learn the task and its date.\n3. Write down what the deal is about and its amount.",
            ("Learn the new task and its budget",),
        ),
        StageWords(
            "Proposal", "Proposal", "send the proposal and learn what they think",
            "The proposal was sent, and what they think of it is known.", "The proposal's template.",
            "1. Put the proposal together.\n2. Send it.\n3. Call and ask what they think.", ("Send the proposal",),
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
