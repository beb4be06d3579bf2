"""The text that the trained model learns: made by this grammar, owned by this project.

A small world: people, clusters, jobs, files and numbers. Documents are short stories, questions
about a story, chats about running jobs, and exercises (sums, comparing, counting, copying,
recalling a key given earlier). A document is a list of turns: ("text", words) for a story, else
("user", words) and ("assistant", words) in turn. Everything random comes from the `random.Random`
that is handed in. Exercises whose answers could be learnt by heart (sums, differences, comparisons)
are split by `held_out`: training text never contains a held-out pair.
"""

PEOPLE = (
    "Ada Ben Clara David Elena Farid Greta Hugo Ines Jonas Kira Leo Mira Noah Olga Paul Quinn Rosa"
    " Sami Tara Uma Victor Wanda Yara"
).split()
CLUSTERS = "north south east west river harbour forest valley".split()
COLOURS = "red blue green yellow white black orange purple silver brown".split()
THINGS = "box door lamp train book boat chest drawer locker cabinet".split()
TOPICS = (
    "the weather|ocean waves|protein folding|star light|bird songs|wind farms|traffic jams|"
    "river floods|old maps|crystal growth|bee flights|snow melt|forest fires|earthquakes"
).split("|")
DAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()
WORDS = (
    "apple bridge cloud desk engine field garden hammer island jacket kettle ladder mirror needle"
    " oven pencil queen rope stone table umbrella violin window yard zebra anchor basket candle"
    " dragon eagle feather guitar honey iron jungle key lemon mountain night orchard paper rain"
    " salt tower valley water"
).split()
FILES = "results input notes table image model log plan".split()
STRANGE = (
    "the capital of France|the king of Spain|a good recipe for soup|the tallest mountain|"
    "football|the price of gold|the moon landing|a film for tonight|the best song|dinosaurs|"
    "the history of Rome|poetry|chess|politics|medicine|my horoscope|a birthday present|cars"
).split("|")

NUMBER_MAX = 49  # Sums and differences of numbers up to this one.
HELD_OUT_ONE_IN = 8


def held_out(kind, a, b):
    """True where the exercise belongs to the evaluation: the pair in either order, one in eight."""
    low, high = min(a, b), max(a, b)
    mixed = (low * 7919 + high * 104729 + len(kind) * 1299709) * 2654435761 % 2**32
    return (mixed >> 16) % HELD_OUT_ONE_IN == 0


def pair(rng, kind, evaluation):
    """Two numbers of the wanted side of the split; half of them small, where newcomers ask."""
    while True:
        top = rng.choice((12, NUMBER_MAX))
        a, b = rng.randint(0, top), rng.randint(0, top)
        if kind == "minus" and a < b:
            a, b = b, a
        if kind == "compare" and a == b:
            continue
        if held_out(kind, a, b) == evaluation:
            return a, b


# Exercises: (question, answer). The answer is what exact match is measured on.


def add(rng, evaluation=False):
    a, b = pair(rng, "plus", evaluation)
    question = rng.choice(
        (f"What is {a} + {b}?", f"{a} + {b} = ?", f"Add {a} and {b}.", f"What is {a} plus {b}?")
    )
    return question, f"{a} + {b} = {a + b}."


def subtract(rng, evaluation=False):
    a, b = pair(rng, "minus", evaluation)
    question = rng.choice(
        (f"What is {a} - {b}?", f"{a} - {b} = ?", f"Take {b} from {a}.", f"What is {a} minus {b}?")
    )
    return question, f"{a} - {b} = {a - b}."


def compare(rng, evaluation=False):
    a, b = pair(rng, "compare", evaluation)
    if rng.random() < 0.5:
        return f"Which is larger, {a} or {b}?", f"{max(a, b)} is larger."
    return f"Which is smaller, {a} or {b}?", f"{min(a, b)} is smaller."


def times(rng, _evaluation=False):
    a, b = rng.randint(1, 9), rng.randint(1, 9)
    if rng.random() < 0.5:
        return f"What is {a} times {b}?", f"{a} times {b} is {a * b}."
    nodes, cores = ("node" if a == 1 else "nodes"), ("core" if b == 1 else "cores")
    return (
        f"A job has {a} {nodes} with {b} {cores} each. How many cores is that?",
        f"{a} times {b} is {a * b} cores.",
    )


def copy(rng, _evaluation=False):
    words = [rng.choice(WORDS) for _ in range(rng.randint(2, 12))]
    if rng.random() < 0.3:
        words = [str(rng.randint(0, 99)) for _ in words]
    line = " ".join(words)
    start = rng.choice(("Repeat after me", "Say this", "Copy these words", "Repeat"))
    return f"{start}: {line}", line


def count_up(rng, _evaluation=False):
    first = rng.randint(0, 60)
    last = first + rng.randint(2, 12)
    question = rng.choice(("Count from", "Please count from")) + f" {first} to {last}."
    return question, ", ".join(map(str, range(first, last + 1))) + "."


def count_word(rng, _evaluation=False):
    wanted, other = rng.sample(WORDS, 2)
    words = [rng.choice((wanted, other)) for _ in range(rng.randint(2, 8))]
    often = words.count(wanted)
    return (
        f"How often is {wanted} in this list: {' '.join(words)}?",
        f"{wanted} is there {often} {'time' if often == 1 else 'times'}.",
    )


def end_word(rng, _evaluation=False):
    words = rng.sample(WORDS, rng.randint(3, 8))
    which = rng.choice(("first", "last"))
    answer = words[0] if which == "first" else words[-1]
    return f"What is the {which} word of: {' '.join(words)}?", f"The {which} word is {answer}."


def next_day(rng, _evaluation=False):
    at = rng.randrange(7)
    side = rng.choice(("after", "before"))
    other = DAYS[(at + (1 if side == "after" else -1)) % 7]
    return f"Which day is {side} {DAYS[at]}?", f"The day {side} {DAYS[at]} is {other}."


def keys_told(rng, how_many):
    names = rng.sample([f"{c} {t}" for c in COLOURS for t in THINGS], how_many)
    keys = {name: str(rng.randint(1000, 9999)) for name in names}
    told = " ".join(f"The key of the {name} is {key}." for name, key in keys.items())
    return keys, told


def recall(rng, _evaluation=False):
    """The keys, perhaps a story in between, and a question for one of them."""
    keys, told = keys_told(rng, rng.randint(1, 6))
    name = rng.choice(list(keys))
    story = rng.choice(("", "", story_of(rng)[0], story_of(rng)[0]))
    question = f"What is the key of the {name}?"
    return " ".join(filter(None, (told, story, question))), f"The key of the {name} is {keys[name]}."


def recall_far(rng, _evaluation=False):
    """As `recall`, with enough stories in between that the key lies hundreds of tokens back."""
    keys, told = keys_told(rng, rng.randint(1, 4))
    name = rng.choice(list(keys))
    stories = " ".join(story_of(rng)[0] for _ in range(rng.randint(3, 8)))
    question = f"What is the key of the {name}?"
    return f"{told} {stories} {question}", f"The key of the {name} is {keys[name]}."


def read(rng, _evaluation=False):
    """A story and a question about it."""
    story, questions = story_of(rng)
    question, answer = rng.choice(questions)
    return f"{story} {question}", answer


EXERCISES = {
    "add": add,
    "subtract": subtract,
    "compare": compare,
    "copy": copy,
    "count_up": count_up,
    "count_word": count_word,
    "end_word": end_word,
    "recall": recall,
    "recall_far": recall_far,
    "read": read,
}


def story_of(rng):
    """A story and questions about it with their answers."""
    return rng.choice((job_story, job_story, lost_story, visit_story))(rng)


def job_story(rng):
    who, cluster, day = rng.choice(PEOPLE), rng.choice(CLUSTERS), rng.choice(DAYS)
    nodes, hours = rng.randint(1, 16), rng.randint(1, 24)
    topic, number = rng.choice(TOPICS), rng.randint(100, 999)
    n_nodes = f"{nodes} {'node' if nodes == 1 else 'nodes'}"
    n_hours = f"{hours} {'hour' if hours == 1 else 'hours'}"
    start = rng.choice(
        (
            f"On {day} {who} submitted a job to the {cluster} cluster.",
            f"{who} submitted a job to the {cluster} cluster on {day}.",
        )
    )
    asked = rng.choice(
        (
            f"The job asked for {n_nodes} and {n_hours}.",
            f"It asked for {n_nodes} and it would take {n_hours}.",
        )
    )
    about = rng.choice((f"It was a study of {topic}.", f"{who} wanted to learn about {topic}."))
    middle = rng.choice(
        (
            f"The queue was long, so job {number} had to wait.",
            f"The cluster was quiet, so job {number} started at once.",
            f"Many others were there before, and job {number} waited until the evening.",
        )
    )
    good = rng.random() < 0.6
    end = (
        rng.choice(
            (
                f"In the end the job was done and {who} was happy with the results.",
                f"The next morning the results were there and {who} smiled.",
            )
        )
        if good
        else rng.choice(
            (
                f"Then a node failed. The scheduler started the job again on another node and {who}"
                " lost nothing.",
                f"The job ran out of memory and failed. {who} asked for more memory and tried"
                " again.",
                f"The walltime was too short and the job was stopped. {who} asked for more hours"
                " the next time.",
            )
        )
    )
    questions = [
        ("Who submitted the job?", f"{who} submitted the job."),
        ("On which cluster did the job run?", f"The job ran on the {cluster} cluster."),
        ("How many nodes did the job ask for?", f"The job asked for {n_nodes}."),
        ("On which day was that?", f"That was on {day}."),
        ("What was the number of the job?", f"It was job {number}."),
        ("What was the job about?", f"The job was about {topic}."),
    ]
    return " ".join((start, asked, about, middle, end)), questions


def lost_story(rng):
    who, friend = rng.sample(PEOPLE, 2)
    file, colour, thing = rng.choice(FILES), rng.choice(COLOURS), rng.choice(THINGS)
    cluster, day = rng.choice(CLUSTERS), rng.choice(DAYS)
    text = rng.choice(
        (
            f"{who} could not find the {file} file. {friend} asked where it was last seen."
            f" {who} thought about it. It was on the {cluster} cluster on {day}, and a copy was on"
            f" a disk in the {colour} {thing}. They looked in the {colour} {thing} and found the"
            f" {file} file. {who} thanked {friend} and made two copies of it.",
            f"One day {who} lost the {file} file. It was a {day}. {friend} had put a copy on a disk"
            f" in the {colour} {thing}, next to the door of the {cluster} cluster. When {who} heard"
            f" of it, all was well again. From then on {who} kept two copies of everything.",
        )
    )
    questions = [
        ("Which file was lost?", f"It was the {file} file."),
        ("Who helped?", f"{friend} helped {who}."),
        ("Where was the copy?", f"The copy was in the {colour} {thing}."),
        ("Which day was it?", f"It was a {day}."),
        ("Who lost a file?", f"{who} lost a file."),
    ]
    return text, questions


def visit_story(rng):
    who, friend = rng.sample(PEOPLE, 2)
    cluster, colour = rng.choice(CLUSTERS), rng.choice(COLOURS)
    racks, day = rng.randint(2, 20), rng.choice(DAYS)
    article = "an" if colour == "orange" else "a"
    text = (
        f"On {day} {who} and {friend} went to see the {cluster} cluster. It stood in a cold room"
        f" with {racks} racks and {article} {colour} lamp over the door."
        + rng.choice(
            (
                f" {friend} asked why the lamp was {colour}. {who} said that it showed that all"
                " nodes were well.",
                f" The fans were loud, so {who} had to shout. {friend} laughed and pointed at the"
                f" {colour} lamp.",
                f" {who} opened a rack and showed {friend} a node with its memory and its disks.",
            )
        )
        + rng.choice(
            (
                " Then they went home and wrote a new job.",
                f" After the visit {friend} wanted to run a job of their own.",
                " They had tea and talked about the queue.",
            )
        )
    )
    questions = [
        ("Who went to see the cluster?", f"{who} and {friend} went to see the {cluster} cluster."),
        ("How many racks were there?", f"There were {racks} racks."),
        ("Which colour was the lamp?", f"The lamp was {colour}."),
        ("On which day was the visit?", f"The visit was on {day}."),
    ]
    return text, questions
