"""Terms of art in a founder's words, for the place where each is first met."""

GATE = (
    "A gate is a check that nothing outweighs: one that fails is a NO-GO, and one that nobody could answer is at best "
    "NOT ENOUGH EVIDENCE. Which checks are gates, and why, is stated in the policy."
)
P_GO = (
    "The chance that every promise holds at once: the share of 16,384 joint draws, each figure within its interval, in "
    "which every threshold holds. What nobody measured is a coin toss; the lower bound counts it as failed, the upper "
    "one as held."
)
WEIGHTS = (
    "Nobody agreed how much each check should weigh. So all weightings are tried, each as likely as any other, and "
    "this is the share in which the same decision comes out (SMAA, stochastic multicriteria acceptability analysis). "
    "Gates are not weighed: they stop it whatever the weights."
)
LIMITS = (
    "All numeric limits are moved at once by up to a tenth, up or down: the share of such shifts that change nothing."
)
FLIP = (
    "The shortest way to GO: clear the first and the verdict is what stands behind the arrow, clear the second too and "
    "it is the next one. P(go) is reckoned as if the cleared checks held for sure."
)
WORTH = (
    "Ordered by what an answer is worth for a day of work: how much more often you would decide rightly if you knew it "
    "(expected value of information)."
)
PARTS = (
    "A to G are the seven parts that an AI product stands or falls with. An arrow is what one part hands to the next, "
    "with the median of the joint draws; dashed with a “?” is not known yet."
)
CRITICAL = (
    "More customers share the machines, so each request costs less, the price can be kept, and customers stay. Below "
    "the critical mass this turns round: too few requests carry the machines, and demand dies away."
)
