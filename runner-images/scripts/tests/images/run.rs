//! Every image, and everything about it: built once, because that takes its time.

use crate::content;
use crate::inventory;
use crate::self_test;
use crate::store::Store;
use crate::work;

#[test]
fn the_images_are_small_hardened_and_do_the_work() {
    let store = Store::build();
    content::check_sizes(&store);
    for image in &content::IMAGES {
        let files = store.files(image.name);
        content::check(&store, image, &files);
        self_test::check(&files);
        for script in image.scripts {
            work::check_starts(&files, script);
        }
        work::check_ssh(&files);
        inventory::check(image, &store.inventory(image.name));
        match image.name {
            "terraform-runner" => {
                work::check_a_plan(&files);
                work::check_certificates(&files);
                work::check_an_update(&files);
            }
            "packer-runner" => work::check_a_build(&files),
            _ => {}
        }
    }
}
