"""The eleven stages in English: what a manager is told on each (T3)."""

from crm_core.deals.template import StageWords, TemplateWords

STAGES = (
    StageWords(
        "New request", "Request", "learn who came and with what; pass on to be classified",
        "It is known who came and what he needs, if only in two words.",
        "The recording of the first call, or the request's text; the contact's card.",
        "1. Listen to the first call, or read the request.\n2. Write down the name and what it is about.\n"
        "3. If it is no customer, mark the number as such.\n4. Move the deal on to be classified.",
    ),
    StageWords(
        "Classification", "Classification", "understand the kind of work and a rough price",
        "Work type and amount are set; where the budget was not asked for, the usual amount of that work stands there.",
        "The list of work types with their usual amounts; questions about the task and the budget.",
        "1. Choose the work type: the amount fills itself in.\n2. Correct the amount if a budget was named.\n"
        "3. If the customer did not come by phone, call him.\n4. Go on to arranging a meeting.",
        ("Call the customer and arrange a meeting",),
    ),
    StageWords(
        "Arranging a meeting", "Arranging", "agree on a meeting: who, where, when",
        "The customer was reached and agreed to meet in the call; it is written down who meets whom, where, when and what about.",
        "A call by a click; “two times to choose from”; the task “Meeting”.",
        "1. Call the customer.\n2. Offer two times to choose from.\n3. Say day, hour and place aloud once more.\n"
        "4. Ask who else will be there.\n5. Fill in the meeting: who, with whom, where, when, what to bring and ask.",
    ),
    StageWords(
        "Meeting", "Meeting", "learn what project is wanted and write down what was agreed",
        "The meeting was held and what was agreed is written down; the project and the customer's wish are known, "
        "so are company and contact.",
        "Samples of similar work; the brief; the company's card.",
        "1. Ask what the customer wants to reach, and why now.\n2. Learn who decides and who has influence.\n"
        "3. Show similar work.\n4. Agree on the next step and its day.\n"
        "5. Write down what was agreed and fill in the cards on the same day.",
    ),
    StageWords(
        "Proposal", "Proposal", "send the proposal and learn what they think of it",
        "The proposal was sent, the customer has it and said what he thinks of it.",
        "The proposal's template; what was agreed at the meeting; a call after sending.",
        "1. Put the proposal together from what was agreed.\n2. Check amount, dates and names.\n"
        "3. Send it and say so to the customer.\n4. Call in a day or two and ask what he thinks.",
        ("Send the proposal and make sure it arrived",),
    ),
    StageWords(
        "Approval", "Approval", "agree on the terms and sign the contract",
        "The terms are agreed on, both sides have signed the contract.",
        "The contract's template; a list of common objections and answers.",
        "1. Gather all remarks at once.\n2. Answer each; when giving something, ask for something.\n"
        "3. Have the contract approved in the house.\n4. Get the signed copy.",
        ("Agree on the terms and sign the contract",),
    ),
    StageWords(
        "Invoice", "Invoice", "send the invoice and make sure it arrived",
        "The invoice was sent, the customer confirmed it and named the day of payment.",
        "The company's details; the invoice.",
        "1. Check the company's details.\n2. Send the invoice.\n3. Call: has it arrived, when will it be paid?",
        ("Send the invoice and ask for the day of payment",),
    ),
    StageWords(
        "Prepayment", "Prepayment", "wait for the prepayment and give the sign to begin",
        "The money for this very invoice came in, and those who do the work know that they may begin.",
        "The bank statement; the invoice.",
        "1. Look on the day that was named.\n2. If nothing came, call and ask why.\n"
        "3. Once it is paid, tell those who do the work.",
        ("Check the prepayment and tell those who do the work",),
    ),
    StageWords(
        "In progress", "In progress", "deliver in time and keep the customer informed",
        "The work is done and the customer is ready to accept it.",
        "The plan of the work; short reports to the customer.",
        "1. Tell the customer the plan and its dates.\n2. Say once a week what was done.\n"
        "3. Tell of a delay before the date, not after it.\n4. When it is ready, arrange the acceptance.",
        ("Arrange the acceptance",),
    ),
    StageWords(
        "Acceptance", "Acceptance", "hand the work over and send the last invoice",
        "The work was accepted, the act is signed, the last invoice is sent.",
        "The act of acceptance; the last invoice.",
        "1. Show what was done, point by point of the contract.\n2. Write down remarks and by when they are mended.\n"
        "3. Sign the act.\n4. Send the last invoice.",
        ("Hand the work over and send the last invoice",),
    ),
    StageWords(
        "Paid in full", "Paid", "be paid in full, thank, ask for a rating",
        "All of the money came in.",
        "The bank statement; a letter of thanks.",
        "1. Make sure that everything is paid.\n2. Thank all who took part.\n3. Ask for a rating of the work.",
        ("Thank them and ask for a rating",),
    ),
)  # fmt: skip

WORDS = TemplateWords(
    "The conveyor: eleven stages", "From a new request to the last payment. Up to the meeting each stage asks for evidence.",
    "Sales", STAGES, {"wish": "What the customer wants"},
)  # fmt: skip
