"""Chats of the trained model's world, and the mixture of documents it is trained on."""

import corpus

NAME = "Lantern"

# (ways to ask, ways to answer)
FACTS = [
    (
        ["Hello", "Hi", "Hello there", "Good morning", "Hey"],
        [
            f"Hello! I am {NAME}. Ask me about jobs, clusters or numbers.",
            f"Hi! I am {NAME}. What would you like to know about your jobs?",
        ],
    ),
    (
        ["Who are you?", "What are you?", "What is your name?", "Tell me about yourself"],
        [f"I am {NAME}, a very small language model. I know a little about jobs and clusters."],
    ),
    (
        ["What can you do?", "How can you help me?", "What do you know?", "Help"],
        [
            "I can answer questions about jobs and clusters, add small numbers, count, repeat"
            " words, remember keys and tell short stories."
        ],
    ),
    (["How are you?", "How is it going?"], ["I am well, thank you. How are your jobs?"]),
    (["Thank you", "Thanks", "Thanks a lot"], ["You are welcome.", "You are welcome. Good luck!"]),
    (["Bye", "Goodbye", "See you later"], ["Goodbye! May your queue be short."]),
    (
        ["What is a job?", "Explain what a job is", "What does job mean?"],
        ["A job is a program with a request for nodes, memory and time. The scheduler runs it."],
    ),
    (
        ["What is a cluster?", "Explain what a cluster is", "What does cluster mean?"],
        ["A cluster is many computers, called nodes, that are joined by a fast network."],
    ),
    (
        ["What is a node?", "Explain what a node is", "What does node mean?"],
        ["A node is one computer of a cluster. It has cores, memory and often a disk."],
    ),
    (
        ["What is a core?", "Explain what a core is"],
        ["A core is the part of a processor that runs one stream of work at a time."],
    ),
    (
        ["What is a queue?", "What is the queue?", "Explain what a queue is"],
        ["A queue is the line in which jobs wait until there are enough free nodes for them."],
    ),
    (
        ["What is the scheduler?", "What is a scheduler?", "What does the scheduler do?"],
        ["The scheduler decides which job runs next, on which nodes and for how long."],
    ),
    (
        ["What is walltime?", "What is a time limit?", "What does walltime mean?"],
        ["Walltime is the longest time a job may run. When it is over, the job is stopped."],
    ),
    (
        ["What is a login node?", "What is the login node for?"],
        ["The login node is where you edit files and submit jobs. Do not run large programs there."],
    ),
    (
        ["What is memory?", "What is memory for?"],
        ["Memory holds what a program is working on. It is fast, and it is empty after the job."],
    ),
    (
        ["What is a file?", "What is a file system?"],
        ["A file is bytes with a name. A file system keeps files, often for all nodes at once."],
    ),
    (
        ["What is a signal?", "What is a signal box?", "What is Signalbox?"],
        ["A signal box is where trains are set on their way. Signalbox does that for jobs."],
    ),
    (
        ["What is a model?", "What is a language model?", "How do you work?"],
        ["A language model guesses the next word again and again. I do so with few numbers."],
    ),
    (
        ["What is a token?", "What are tokens?"],
        ["A token is a piece of text, often a word or a part of one. I read and write tokens."],
    ),
    (
        ["What is a workflow?", "What does workflow mean?"],
        ["A workflow is a set of jobs with an order: some may start only when others are done."],
    ),
    (
        ["What is a checkpoint?", "Why do I need a checkpoint?"],
        ["A checkpoint is a saved state of a program. After a failure it can go on from there."],
    ),
    (
        ["How do I submit a job?", "How can I submit a job?", "How do I start a job?"],
        [
            "Write down what to run and what it needs, then submit it. The scheduler gives you a"
            " job number."
        ],
    ),
    (
        ["How do I cancel my job?", "How can I stop a job?", "How do I stop my job?"],
        ["Cancel it by its job number. A job that waits leaves the queue, one that runs is stopped."],
    ),
    (
        ["Why is my job waiting?", "Why does my job not start?", "My job does not start"],
        [
            "It waits for free nodes, or other jobs are before it in the queue. Ask for fewer nodes"
            " or less time and it may start sooner."
        ],
    ),
    (
        ["Why did my job fail?", "My job failed", "My job has failed. What now?"],
        [
            "Look at the last lines of its output first. Often a file was missing, the memory was"
            " too small or the walltime was too short."
        ],
    ),
    (
        ["My job ran out of memory", "What can I do when memory is too small?"],
        ["Ask for more memory, or use more nodes so that each of them holds less."],
    ),
    (
        ["My job was too slow", "How do I make my job faster?", "How can my job be faster?"],
        ["Measure where the time goes first. Then use more cores, or read fewer and larger files."],
    ),
    (
        ["My job was stopped at its walltime", "What if the walltime is too short?"],
        ["Ask for more hours, or save a checkpoint so that the next job can go on from there."],
    ),
    (
        ["Where is my output?", "Where do I find the results?", "Where are my results?"],
        ["The output is in the folder from which the job was submitted, in a file with its number."],
    ),
    (
        ["How long will my job wait?", "When will my job start?"],
        ["That depends on the queue. Small and short jobs mostly start sooner than large ones."],
    ),
    (
        ["How many nodes should I ask for?", "How many nodes do I need?"],
        ["Begin with one node, measure, and double it as long as the job gets faster."],
    ),
    (
        ["What happens when a node fails?", "What if a node fails?"],
        ["The jobs on it are lost or started again on another node. Save checkpoints."],
    ),
    (
        ["Is my job running?", "What is the state of my job?"],
        ["I cannot see your jobs from here. Ask the scheduler with your job number."],
    ),
]

REFUSALS = (
    "I do not know that. I am small and know only about jobs, clusters and small numbers.",
)


def ask(rng, question):
    """A question as people type it: small letters, no mark at the end, a greeting before."""
    if rng.random() < 0.25:
        question = question[0].lower() + question[1:]
    if rng.random() < 0.2 and question[-1] in "?.":
        question = question[:-1]
    elif rng.random() < 0.15 and question[-1].isalpha():
        question += rng.choice(("?", ".", "!"))
    return question


def fact(rng):
    questions, answers = rng.choice(FACTS)
    return ask(rng, rng.choice(questions)), rng.choice(answers)


def refusal(rng):
    strange = rng.choice(corpus.STRANGE)
    question = rng.choice(("What is {}?", "Tell me about {}", "What do you think of {}?", "Explain {}"))
    return ask(rng, question.format(strange)), rng.choice(REFUSALS)


def tell(rng):
    question = rng.choice(("Tell me a story", "Tell me a short story.", "Tell a story, please."))
    return ask(rng, question), corpus.story_of(rng)[0]


def chat(rng):
    """Two to five exchanges, questions about one story among them."""
    turns = []
    for _ in range(rng.randint(1, 4)):
        kind = rng.choice((fact, fact, fact, corpus.add, corpus.times, corpus.next_day, refusal, tell))
        turns.append(kind(rng))
    if rng.random() < 0.4:
        story, questions = corpus.story_of(rng)
        first, *rest = rng.sample(questions, rng.randint(1, min(3, len(questions))))
        turns.append((f"{story} {first[0]}", first[1]))
        turns.extend(rest)
    return turns


def session(rng, kinds, low, high):
    """Several exercises in one document, so that many are seen per token."""
    return [rng.choice(kinds)(rng) for _ in range(rng.randint(low, high))]


QUICK = [corpus.add] * 4 + [corpus.subtract] * 3 + [
    corpus.compare,
    corpus.times,
    corpus.count_up,
    corpus.count_word,
    corpus.end_word,
    corpus.copy,
    corpus.next_day,
]


def recall_all(rng):
    """Keys told once, then asked for one after the other: many answers for few words."""
    keys, told = corpus.keys_told(rng, rng.randint(2, 6))
    names = rng.sample(list(keys), rng.randint(1, len(keys)))
    turns = [(f"What is the key of the {n}?", f"The key of the {n} is {keys[n]}.") for n in names]
    if rng.random() < 0.3:
        told += " " + corpus.story_of(rng)[0]
    return [(f"{told} {turns[0][0]}", turns[0][1]), *turns[1:]]


def recall_all_far(rng):
    """As `recall_all`, with stories between the keys and the questions."""
    keys, told = corpus.keys_told(rng, rng.randint(1, 5))
    names = rng.sample(list(keys), rng.randint(1, len(keys)))
    turns = [(f"What is the key of the {n}?", f"The key of the {n} is {keys[n]}.") for n in names]
    stories = " ".join(corpus.story_of(rng)[0] for _ in range(rng.randint(2, 8)))
    return [(f"{told} {stories} {turns[0][0]}", turns[0][1]), *turns[1:]]


def read_all(rng):
    """A story and most of the questions about it."""
    story, questions = corpus.story_of(rng)
    first, *rest = rng.sample(questions, rng.randint(2, len(questions)))
    return [(f"{story} {first[0]}", first[1]), *rest]


def story(rng):
    return " ".join(corpus.story_of(rng)[0] for _ in range(rng.randint(1, 3)))


# Kinds of documents with their shares.
MIXTURES = {
    "language": [
        (0.12, story),
        (0.22, chat),
        (0.30, lambda rng: session(rng, QUICK, 1, 6)),
        (0.12, lambda rng: session(rng, [corpus.recall], 1, 2)),
        (0.04, lambda rng: session(rng, [corpus.recall_far], 1, 1)),
        (0.12, lambda rng: session(rng, [corpus.read], 1, 2)),
        (0.08, lambda rng: session(rng, [corpus.copy], 1, 3)),
    ],
    "exercises": [
        (0.06, story),
        (0.14, chat),
        (0.34, lambda rng: session(rng, QUICK, 2, 8)),
        (0.16, recall_all),
        (0.06, lambda rng: session(rng, [corpus.recall], 1, 2)),
        (0.03, lambda rng: session(rng, [corpus.recall_far], 1, 1)),
        (0.09, read_all),
        (0.12, lambda rng: session(rng, [corpus.copy, corpus.end_word], 2, 5)),
    ],
    "far": [
        (0.05, story),
        (0.15, chat),
        (0.35, lambda rng: session(rng, QUICK, 2, 8)),
        (0.10, recall_all),
        (0.15, recall_all_far),
        (0.12, read_all),
        (0.08, lambda rng: session(rng, [corpus.copy], 2, 5)),
    ],
}


def document(rng, mixture):
    """One document of the mixture: a story as a string, or a list of (question, answer)."""
    shares, kinds = zip(*MIXTURES[mixture])
    pick = rng.random()
    for share, kind in zip(shares, kinds):
        if pick < share:
            return kind(rng)
        pick -= share
    return kinds[-1](rng)


def render(value):
    """The text of a document as the tokenizer's special tokens frame it (chat_template too)."""
    if isinstance(value, str):
        return f"<|begin|>{value}<|end|>"
    turns = "".join(f"<|user|>{q}<|end|><|assistant|>{a}<|end|>" for q, a in value)
    return f"<|begin|>{turns}"


def prompt(question):
    return f"<|begin|><|user|>{question}<|end|><|assistant|>"
