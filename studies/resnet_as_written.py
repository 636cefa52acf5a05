"""Does it matter that report C's ResNets have a stride in every block, and torch's default initialisation?

python studies/resnet_as_written.py   # run it, or go on where it stopped
"""

from cnnzoo import Recipe
from search_spaces import adam
from studies.engine import Scale, Study, claim, grid, main

STUDY = Study(
    name="resnet_as_written",
    question="What does ResNet-18 lose on MNIST by a stride in every block of a stage, and by torch's initialisation?",
    # The learning rate that report C chose for ResNet; epochs, batch and depth are left open.
    base=Recipe(model="resnet18", dataset="mnist", optimizer="adam", lr=5e-4, batch_size=64, epochs=10),
    arms=grid(
        strides={"stride once a stage": "first", "stride in every block": "every"},
        initialisation={"He": "he", "torch's": "torch"},
    ),
    baseline="stride once a stage · He",  # the standard network
    tune=adam.LEARNING_RATE,
    rows="strides",
    columns="initialisation",
    # The report knows nothing of the difference; what it wrote is the last of the four.
    claims=[
        claim("As written it is as good as the standard one", equal=["stride once a stage · He", "stride in every block · torch's"]),
        claim("A stride in every block costs accuracy", better="stride once a stage · He", than="stride in every block · He"),
        claim("Torch's initialisation costs accuracy", better="stride once a stage · He", than="stride once a stage · torch's"),
        claim("As written it comes to good results: above 90 % on average (C5)", reaches="stride in every block · torch's", above=90),
    ],
    demo=Scale.demo(train_size=2000, width=0.25, batch_size=32, epochs=5),
    smoke=Scale.smoke(width=0.125),
)  # fmt: skip

if __name__ == "__main__":
    main(STUDY)
