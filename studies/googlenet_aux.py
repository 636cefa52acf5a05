"""Do the auxiliary classifiers help GoogLeNet? (report C, which left it open)

python studies/googlenet_aux.py   # run it, or go on where it stopped
"""

from cnnzoo import Recipe
from search_spaces import adam
from studies.engine import Arm, Scale, Study, claim, main

STUDY = Study(
    name="googlenet_aux",
    question="Do GoogLeNet's two auxiliary classifiers help, at the end or at the start of the training?",
    # The setting that report C chose for GoogLeNet; epochs and batch are left open.
    base=Recipe(model="googlenet", dropout=0.2, dataset="mnist", optimizer="adam", lr=5e-4, batch_size=64, epochs=10),
    arms={"no auxiliaries": Arm(), "auxiliaries": Arm(aux=0.3)},
    baseline="no auxiliaries",
    tune=adam.LEARNING_RATE,
    # What the paper on GoogLeNet (arXiv 1409.4842) and the one after it (arXiv 1512.00567) say.
    claims=[
        claim("With auxiliaries it ends higher (arXiv 1409.4842)", better="auxiliaries", than="no auxiliaries"),
        claim("They do not speed up the start (arXiv 1512.00567)", equal=["auxiliaries", "no auxiliaries"], at=0.2),
    ],
    demo=Scale.demo(train_size=2000, batch_size=32, epochs=6),
    smoke=Scale.smoke(seeds=1, trials_per_arm=1, epochs=1),
)

if __name__ == "__main__":
    main(STUDY)
